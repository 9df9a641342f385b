import type { CryptoTransform } from '@inline-ipsec/cryptodev/engine';

/** Who does what (DPDK: `enum rte_security_session_action_type`). */
export type SecurityAction =
  /** Nothing is offloaded. */
  | 'none'
  /** The port enciphers and verifies; software puts ESP on and takes it off. */
  | 'inline-crypto'
  /** The port does all of ESP. */
  | 'inline-protocol'
  /** A crypto device does all of ESP. */
  | 'lookaside-protocol'
  /** The processor does it at once. */
  | 'cpu-crypto';

/** What is offloaded (DPDK: `enum rte_security_session_protocol`). */
export type SecurityProtocol = 'ipsec' | 'macsec' | 'pdcp' | 'docsis' | 'tls-record';

/** DPDK: `enum rte_security_ipsec_sa_direction`. */
export type IpsecDirection = 'egress' | 'ingress';
/** DPDK: `enum rte_security_ipsec_sa_mode`. */
export type IpsecMode = 'transport' | 'tunnel';
/** DPDK: `enum rte_security_ipsec_sa_protocol`. */
export type IpsecProtocol = 'ah' | 'esp';

/** What an IPsec offload may do beyond cipher and ICV; all off unless said (DPDK: `struct rte_security_ipsec_sa_options`). */
export interface IpsecOptions {
  readonly esn?: boolean;
  readonly udpEncap?: boolean;
  readonly copyDscp?: boolean;
  readonly copyFlabel?: boolean;
  readonly copyDf?: boolean;
  readonly decTtl?: boolean;
  readonly ecn?: boolean;
  readonly stats?: boolean;
  readonly ivGenDisable?: boolean;
  readonly tunnelHdrVerify?: 'none' | 'dst' | 'src-dst';
  readonly udpPortsVerify?: boolean;
  readonly ipCsumEnable?: boolean;
  readonly l4CsumEnable?: boolean;
  readonly ipReassemblyEn?: boolean;
  readonly ingressOop?: boolean;
}

/** The outer addresses of a tunnel, in network order: 4 bytes each or 16 (DPDK: `struct rte_security_ipsec_tunnel_param`). */
export interface IpsecTunnel {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
}

/** When an SA shall be replaced; 0 or absent is never (DPDK: `struct rte_security_ipsec_lifetime`). */
export interface IpsecLifetime {
  readonly packetsSoftLimit?: number;
  readonly bytesSoftLimit?: number;
  readonly packetsHardLimit?: number;
  readonly bytesHardLimit?: number;
}

/** The IPsec half of a session (DPDK: `struct rte_security_ipsec_xform`). */
export interface IpsecTransform {
  /** Host order. */
  readonly spi: number;
  /** The four bytes of the salt, as typed. Copied when the session is made. */
  readonly salt: Uint8Array;
  readonly options?: IpsecOptions;
  readonly direction: IpsecDirection;
  readonly proto: IpsecProtocol;
  readonly mode: IpsecMode;
  readonly tunnel?: IpsecTunnel;
  readonly life?: IpsecLifetime;
  /** Packets; 0 or absent for none. */
  readonly replayWindowSize?: number;
}

/** What a session is made from (DPDK: `struct rte_security_session_conf`). */
export interface SecuritySessionConfiguration {
  readonly action: SecurityAction;
  readonly protocol: SecurityProtocol;
  /** Present when the protocol is IPsec. */
  readonly ipsec?: IpsecTransform;
  /** Algorithm and key. The key is copied when the session is made. */
  readonly crypto: CryptoTransform;
  /** The application's own, 32 bits: found again in {@link SecuritySession.userdata} (DPDK: `opaque_data`). */
  readonly userdata?: number;
}

/** What a session has done (DPDK: `struct rte_security_stats`). */
export interface SecurityStatistics {
  readonly protocol: SecurityProtocol;
  readonly inputPackets: number;
  readonly outputPackets: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly inputErrors: number;
  readonly outputErrors: number;
}
