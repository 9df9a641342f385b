/**
 * Where the fields of an mbuf lie: bytes from its position, in the order and with the names of `struct rte_mbuf`
 * (DPDK: lib/mbuf/rte_mbuf_core.h). What is a pointer there is a u32 position here, so the upper halves stay 0.
 *
 * An mbuf is {@link MBUF_BYTES} bytes: two cache lines. Behind it lie the application's private bytes, then the buffer.
 */

/** Length of the header of an mbuf in bytes. */
export const MBUF_BYTES = 128;

/** u32: position of the buffer, which is 2 modulo 4 (DPDK: `buf_addr`). */
export const MBUF_BUF_ADDR = 0;
/** u16: bytes from the buffer's beginning to the data (DPDK: `data_off`). */
export const MBUF_DATA_OFF = 16;
/** u16: references to this mbuf (DPDK: `refcnt`). */
export const MBUF_REFCNT = 18;
/** u16: segments in the chain, right in its first one only (DPDK: `nb_segs`). */
export const MBUF_NB_SEGS = 20;
/** u16: the port that it came in on, {@link MBUF_PORT_INVALID} if none (DPDK: `port`). */
export const MBUF_PORT = 22;
/** u32: offload flags 0 to 31 (DPDK: `ol_flags`, low half). */
export const MBUF_OL_FLAGS_LO = 24;
/** u32: offload flags 32 to 63 (DPDK: `ol_flags`, high half). */
export const MBUF_OL_FLAGS_HI = 28;
/** u32: packet type, `PTYPE_` values (DPDK: `packet_type`). */
export const MBUF_PACKET_TYPE = 32;
/** u32: bytes of data in all segments, right in the first one only (DPDK: `pkt_len`). */
export const MBUF_PKT_LEN = 36;
/** u16: bytes of data in this segment (DPDK: `data_len`). */
export const MBUF_DATA_LEN = 40;
/** u16: VLAN tag, host order (DPDK: `vlan_tci`). */
export const MBUF_VLAN_TCI = 42;
/** u32: RSS hash (DPDK: `hash.rss`). */
export const MBUF_HASH_RSS = 44;
/** u16: outer VLAN tag, host order (DPDK: `vlan_tci_outer`). */
export const MBUF_VLAN_TCI_OUTER = 52;
/** u16: length of the buffer in bytes (DPDK: `buf_len`). */
export const MBUF_BUF_LEN = 54;
/** u32: position of the pool that it goes back to (DPDK: `pool`). */
export const MBUF_POOL = 56;
/** u32: the next segment, 0 if none (DPDK: `next`). */
export const MBUF_NEXT = 64;
/** u32: l2_len bits 0–6, l3_len bits 7–15, l4_len bits 16–23, low half of tso_segsz bits 24–31 (DPDK: `tx_offload`, low half). */
export const MBUF_TX_OFFLOAD_LO = 72;
/** u32: high half of tso_segsz bits 0–7, outer_l3_len bits 8–16, outer_l2_len bits 17–23 (DPDK: `tx_offload`, high half). */
export const MBUF_TX_OFFLOAD_HI = 76;
/** u32: shared info of an external buffer (DPDK: `shinfo`). */
export const MBUF_SHINFO = 80;
/** u16: bytes between header and buffer that belong to the application (DPDK: `priv_size`). */
export const MBUF_PRIV_SIZE = 88;
/** The first of the bytes for dynamic fields; they end with the header (DPDK: `dynfield1`). */
export const MBUF_DYNFIELDS = 92;

/** `port` of an mbuf that no port received (DPDK: `RTE_MBUF_PORT_INVALID`). */
export const MBUF_PORT_INVALID = 0xffff;
/** Bytes kept free before the data of a fresh mbuf (DPDK: `RTE_PKTMBUF_HEADROOM`). */
export const PKTMBUF_HEADROOM = 128;
/** The default data room in bytes: a frame of 2048 and the headroom (DPDK: `RTE_MBUF_DEFAULT_BUF_SIZE`). */
export const MBUF_DEFAULT_BUF_SIZE: number = 2048 + PKTMBUF_HEADROOM;
