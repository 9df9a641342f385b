/**
 * One security association as three programs write it: the gateway's configuration file, scapy, and tshark's table. Its
 * keys follow from its SPI, so that no two have one key.
 */

/** Cipher and integrity algorithm under their names in each of the programs; undefined where a program lacks one. */
export interface EspAlgorithm {
  readonly cipher: AlgorithmNames;
  readonly auth: AlgorithmNames;
}

interface AlgorithmNames {
  /** `aead_algo`, `cipher_algo` or `auth_algo` of the gateway. */
  readonly gateway: string;
  readonly scapy: string | undefined;
  readonly tshark: string;
  /** With the salt behind the key, as all three want it. */
  readonly keyBytes: number;
}

const cipher = (gateway: string, scapy: string, tshark: string, keyBytes: number): AlgorithmNames => {
  return { gateway, scapy, tshark, keyBytes };
};

const AES_GCM = [16, 24, 32].map((bytes) =>
  cipher(`aes-${8 * bytes}-gcm`, 'AES-GCM', 'AES-GCM with 16 octet ICV [RFC4106]', bytes + 4),
);
const AES_CBC = [16, 24, 32].map((bytes) => cipher(`aes-${8 * bytes}-cbc`, 'AES-CBC', 'AES-CBC [RFC3602]', bytes));
const AES_CTR = [16, 24, 32].map((bytes) => cipher(`aes-${8 * bytes}-ctr`, 'AES-CTR', 'AES-CTR [RFC3686]', bytes + 4));
const TRIPLE_DES = cipher('3des-cbc', '3DES', 'TripleDES-CBC [RFC2451]', 24);
const NO_CIPHER = cipher('null', 'NULL', 'NULL', 0);

const NO_AUTH: AlgorithmNames = { gateway: 'null', scapy: 'NULL', tshark: 'NULL', keyBytes: 0 };
const SHA1: AlgorithmNames = {
  gateway: 'sha1-hmac',
  scapy: 'HMAC-SHA1-96',
  tshark: 'HMAC-SHA-1-96 [RFC2404]',
  keyBytes: 20,
};
const SHA256: AlgorithmNames = {
  gateway: 'sha256-hmac',
  scapy: 'SHA2-256-128',
  tshark: 'HMAC-SHA-256-128 [RFC4868]',
  keyBytes: 32,
};
const XCBC: AlgorithmNames = {
  gateway: 'aes-xcbc-mac-96',
  scapy: undefined,
  tshark: 'ANY 96 bit authentication [no checking]',
  keyBytes: 16,
};

/** All algorithms of the gateway without `-l`, each cipher with each integrity algorithm where that is worth its time. */
export const ALGORITHMS: readonly EspAlgorithm[] = [
  ...AES_GCM.map((aead) => ({ cipher: aead, auth: NO_AUTH })),
  ...[...AES_CBC, ...AES_CTR, TRIPLE_DES, NO_CIPHER].flatMap((row) =>
    [SHA1, SHA256].map((auth) => ({ cipher: row, auth })),
  ),
  { cipher: AES_CBC[0], auth: NO_AUTH },
  { cipher: AES_CTR[0], auth: NO_AUTH },
  { cipher: NO_CIPHER, auth: NO_AUTH },
  { cipher: AES_CBC[0], auth: XCBC },
];

/** How packets are carried. */
export type EspMode = 'ipv4-tunnel' | 'ipv6-tunnel' | 'transport';

export const MODES: readonly EspMode[] = ['ipv4-tunnel', 'ipv6-tunnel', 'transport'];

/** The ends of the tunnels, source first. */
export const TUNNEL: Readonly<Record<Exclude<EspMode, 'transport'>, readonly [string, string]>> = {
  'ipv4-tunnel': ['172.16.1.5', '172.16.2.5'],
  'ipv6-tunnel': ['fd00::1', 'fd00::2'],
};

/** An association. */
export interface EspAssociation {
  readonly spi: number;
  readonly algorithm: EspAlgorithm;
  readonly mode: EspMode;
}

/** Its name for people. */
export function associationName({ algorithm, mode }: EspAssociation): string {
  const { cipher, auth } = algorithm;
  return `${cipher.gateway}${auth.gateway === 'null' && isAead(cipher) ? '' : ` with ${auth.gateway}`}, ${mode}`;
}

/** Whether scapy has both of its algorithms. */
export function scapyHas({ algorithm }: EspAssociation): boolean {
  return algorithm.cipher.scapy !== undefined && algorithm.auth.scapy !== undefined;
}

/** Whether its packets end with an ICV. */
export function hasIcv({ cipher, auth }: EspAlgorithm): boolean {
  return isAead(cipher) || auth !== NO_AUTH;
}

/** The gateway's `sa` line. */
export function saLine(direction: 'in' | 'out', association: EspAssociation): string {
  const { spi, algorithm, mode } = association;
  const { cipher, auth } = algorithm;
  const key = (word: string, bytes: Uint8Array) => (bytes.length === 0 ? '' : ` ${word} ${text(bytes, ':')}`);
  const { cipherKey, authKey } = keysOf(association);
  const crypto = isAead(cipher)
    ? `aead_algo ${cipher.gateway}${key('aead_key', cipherKey)}`
    : `cipher_algo ${cipher.gateway}${key('cipher_key', cipherKey)} auth_algo ${auth.gateway}${key('auth_key', authKey)}`;
  const ends = mode === 'transport' ? '' : ` src ${TUNNEL[mode][0]} dst ${TUNNEL[mode][1]}`;
  return `sa ${direction} ${spi} ${crypto} mode ${mode}${ends}`;
}

/** What `esp_peer.py` makes a SecurityAssociation from. */
export function scapyAssociation(association: EspAssociation): Record<string, unknown> {
  const { spi, algorithm, mode } = association;
  const { cipherKey, authKey } = keysOf(association);
  return {
    spi,
    cipher: algorithm.cipher.scapy,
    cipher_key: text(cipherKey),
    auth: algorithm.auth.scapy,
    auth_key: text(authKey),
    tunnel: mode === 'transport' ? null : TUNNEL[mode],
  };
}

/** Arguments that tell tshark to decrypt these associations, in packets of both families, and to look at their ICVs. */
export function tsharkWords(associations: readonly EspAssociation[]): string[] {
  const rows = associations.flatMap((association) => {
    const { spi, algorithm } = association;
    const { cipherKey, authKey } = keysOf(association);
    return ['IPv4', 'IPv6'].map((family) => {
      const columns = [family, '*', '*', `0x${spi.toString(16).padStart(8, '0')}`];
      columns.push(algorithm.cipher.tshark, hexNumber(cipherKey), algorithm.auth.tshark, hexNumber(authKey));
      return `uat:esp_sa:${columns.map((column) => `"${column}"`).join(',')}`;
    });
  });
  const settings = ['esp.enable_encryption_decode:TRUE', 'esp.enable_authentication_check:TRUE', ...rows];
  return settings.flatMap((setting) => ['-o', setting]);
}

/** Its keys, which follow from its SPI; that of an AEAD has the salt behind it. */
export function keysOf({ spi, algorithm }: EspAssociation): { cipherKey: Uint8Array; authKey: Uint8Array } {
  const bytes = (length: number, first: number) => Uint8Array.from({ length }, (_, i) => first + spi * 7 + i * 29);
  return { cipherKey: bytes(algorithm.cipher.keyBytes, 3), authKey: bytes(algorithm.auth.keyBytes, 101) };
}

function isAead({ gateway }: AlgorithmNames): boolean {
  return gateway.endsWith('-gcm');
}

function hexNumber(bytes: Uint8Array): string {
  return bytes.length === 0 ? '' : `0x${text(bytes)}`;
}

function text(bytes: Uint8Array, separator = ''): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(separator);
}
