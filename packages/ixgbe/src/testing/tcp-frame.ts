/** For tests: TCP packets as software leaves them to a card that shall cut them up. */

/** What a {@link tcpFrame} is made from; everything has a default. */
export interface TcpFrameOptions {
  /** Bytes of data. Default 1000. */
  readonly data?: number;
  /** In an ESP packet of transport mode, without a trailer: the card puts that on. */
  readonly esp?: { readonly spi: number; readonly sequence: number };
  readonly ipv6?: boolean;
  /** The twelve flags. Default ACK, PSH, FIN. */
  readonly flags?: number;
  /** Bytes of TCP options, a multiple of 4. Default none. */
  readonly options?: number;
}

/** Sequence number of the first byte of data: not far from going round. */
export const TCP_SEQUENCE = 0xffff_ff00;
/** Its IP identification, likewise. */
export const IP_IDENTIFICATION = 0xfffe;

const PROTOCOL_TCP = 6;
const PROTOCOL_ESP = 50;

/** Where the TCP header begins. */
export function tcpOffset({ esp, ipv6 = false }: TcpFrameOptions): number {
  return 14 + (ipv6 ? 40 : 20) + (esp === undefined ? 0 : 16);
}

/** A frame whose IPv4 checksum is 0, and whose TCP checksum is the pseudo header's sum without a length. */
export function tcpFrame(options: TcpFrameOptions = {}): Uint8Array {
  const { data = 1000, esp, ipv6 = false, flags = 0x019, options: extra = 0 } = options;
  const protocol = esp === undefined ? PROTOCOL_TCP : PROTOCOL_ESP;
  const source = ipv6 ? [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] : [172, 16, 1, 5];
  const destination = ipv6 ? [...source.slice(0, 15), 5] : [172, 16, 2, 5];
  const bytes = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
  if (ipv6) bytes.push(0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, protocol, 64);
  else bytes.push(8, 0, 0x45, 0, 0, 0, IP_IDENTIFICATION >> 8, IP_IDENTIFICATION & 255, 0x40, 0, 64, protocol, 0, 0);
  bytes.push(...source, ...destination);
  if (esp !== undefined) bytes.push(...be32(esp.spi), ...be32(esp.sequence), 0, 0, 0, 1, ...be32(esp.sequence));
  const head = [0, 80, 0x12, 0x34, ...be32(TCP_SEQUENCE), 0, 0, 0, 1, ((20 + extra) << 2) | (flags >> 8), flags & 255];
  bytes.push(...head, 1, 0, 0, 0, 0, 0, ...new Array<number>(extra).fill(1));
  for (let i = 0; i < data; i++) bytes.push((i * 7) & 255);
  const frame = Uint8Array.from(bytes);
  const sum = onesComplementSum([...source, ...destination, 0, PROTOCOL_TCP]);
  frame.set([sum >> 8, sum & 255], tcpOffset(options) + 16);
  return frame;
}

/** Over bytes whose number is even. */
function onesComplementSum(bytes: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | bytes[i + 1];
  sum = (sum & 0xffff) + (sum >>> 16);
  return (sum & 0xffff) + (sum >>> 16);
}

function be32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}
