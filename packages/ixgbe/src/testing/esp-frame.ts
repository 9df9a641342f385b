/** For tests: ESP packets as software leaves them to a card, complete but for cipher and ICV. */

/** What an {@link espFrame} is made from; all but the SPI has a default. */
export interface EspFrameOptions {
  readonly spi: number;
  readonly sequence?: number;
  /** Default 20 bytes of their own. */
  readonly payload?: Uint8Array;
  /** Padding bytes; default what makes the packet a multiple of 4. */
  readonly pad?: number;
  /** 4 or 16 bytes. Default 172.16.2.5. */
  readonly destination?: Uint8Array;
  /** VLAN tags before the IP header. */
  readonly tags?: number;
}

/** 172.16.2.5, where the article's tunnel ends. */
export const TUNNEL_END: Uint8Array = Uint8Array.of(172, 16, 2, 5);
/** Bytes of the ICV, which are zeros in an {@link espFrame}. */
export const ICV_BYTES = 16;
/** SPI, sequence number and IV. */
export const ESP_HEADER_BYTES = 16;

/** A frame with an Ethernet header, from an address of IPv4 or IPv6 to `destination`; the IV is the sequence number. */
export function espFrame(options: EspFrameOptions): Uint8Array {
  const { spi, sequence = 1, destination = TUNNEL_END, tags = 0 } = options;
  const payload = options.payload ?? Uint8Array.from({ length: 20 }, (_, i) => i + 1);
  const pad = options.pad ?? (4 - ((payload.length + 2) & 3)) & 3;
  const ipv6 = destination.length === 16;
  const esp = ESP_HEADER_BYTES + payload.length + pad + 2 + ICV_BYTES;
  const bytes = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
  for (let i = 0; i < tags; i++) bytes.push(0x81, 0x00, 0x00, 0x05);
  if (ipv6) {
    bytes.push(0x86, 0xdd, 0x60, 0, 0, 0, ...be16(esp), 50, 64, ...destination, ...destination);
  } else {
    const header = [0x45, 0, ...be16(20 + esp), 0, 0, 0, 0, 64, 50, 0, 0, 172, 16, 1, 5, ...destination];
    let sum = 0;
    for (let i = 0; i < 20; i += 2) sum += (header[i] << 8) | header[i + 1];
    sum = (sum & 0xffff) + (sum >>> 16);
    header.splice(10, 2, ...be16(~(sum + (sum >>> 16)) & 0xffff));
    bytes.push(0x08, 0x00, ...header);
  }
  bytes.push(...be32(spi), ...be32(sequence), 0, 0, 0, 0, ...be32(sequence), ...payload);
  for (let i = 1; i <= pad; i++) bytes.push(i);
  bytes.push(pad, 4, ...new Array<number>(ICV_BYTES).fill(0));
  return Uint8Array.from(bytes);
}

function be16(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff];
}

function be32(value: number): number[] {
  return [...be16(value >>> 16), ...be16(value & 0xffff)];
}
