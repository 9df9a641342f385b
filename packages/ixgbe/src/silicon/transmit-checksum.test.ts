import { rawChecksum } from '@inline-ipsec/net/checksum';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as descriptor from '../descriptors.ts';
import { SecuredCard } from '../testing/secured-card.ts';

const TCP = 6;
const UDP = 17;

/** The sum of a pseudo header: addresses, protocol, and a length that segments do not have yet. */
function pseudoSum(addresses: Uint8Array, protocol: number, length: number): number {
  let sum = protocol + length;
  for (let i = 0; i < addresses.length; i += 2) sum += (addresses[i] << 8) | addresses[i + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** A packet that leaves its checksums to the card: layer 4's field has the sum of the pseudo header, IPv4's is 0. */
function packet(protocol: number, ipv6: boolean, data: Uint8Array, tags: number) {
  const head = protocol === UDP ? 8 : 20;
  const layer4 = new Uint8Array(head + data.length).fill(3, 0, 4);
  layer4.set(data, head);
  const length = [layer4.length >> 8, layer4.length & 0xff];
  if (protocol === UDP) layer4.set(length, 4);
  else layer4[12] = 0x50;
  const addresses = new Uint8Array(ipv6 ? 32 : 8).map((_, i) => 0x80 + 5 * i);
  const pseudo = pseudoSum(addresses, protocol, layer4.length);
  layer4.set([pseudo >> 8, pseudo & 0xff], protocol === UDP ? 6 : 16);
  const total = layer4.length + 20;
  const ip = ipv6
    ? Uint8Array.of(0x60, 0, 0, 0, ...length, protocol, 64, ...addresses)
    : Uint8Array.of(0x45, 0, total >> 8, total & 0xff, 0, 1, 0x40, 0, 64, protocol, 0, 0, ...addresses);
  const vlan = new Array<number[]>(tags).fill([0x81, 0, 0, 5]).flat();
  const ethernet = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ...vlan, ...(ipv6 ? [0x86, 0xdd] : [8, 0])];
  const context = [
    ip.length | (ethernet.length << descriptor.TXC_MACLEN_SHIFT),
    0,
    descriptor.TXD_DEXT |
      descriptor.TXD_DTYP_CONTEXT |
      (ipv6 ? 0 : descriptor.TXC_IPV4) |
      (protocol === UDP ? descriptor.TXC_L4T_UDP : descriptor.TXC_L4T_TCP),
    head << descriptor.TXC_L4LEN_SHIFT,
  ];
  const frame = Uint8Array.of(...ethernet, ...ip, ...layer4);
  return { frame, context, addresses, ip: ethernet.length, layer4: ethernet.length + ip.length };
}

describe('checksums that are left to the card', () => {
  it('are right for TCP and UDP in IPv4 and IPv6, whatever is in them and however many buffers they lie in', () => {
    const bench = new SecuredCard();
    const protocols = fc.constantFrom(TCP, UDP);
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(
        protocols,
        fc.boolean(),
        bytes,
        fc.integer({ min: 0, max: 2 }),
        fc.nat(),
        (protocol, ipv6, data, tags, cut) => {
          const made = packet(protocol, ipv6, data, tags);
          const { frame, context } = made;
          const options = descriptor.TXD_POPTS_TXSM | (ipv6 ? 0 : descriptor.TXD_POPTS_IXSM);
          bench.program.send(frame, { context, options, segments: [1 + (cut % (frame.length - 1))] });
          bench.card.step(8);
          const [sent] = bench.wire.sent.splice(0);
          const length = frame.length - made.layer4;
          const pseudo = pseudoSum(made.addresses, protocol, length);
          expect(rawChecksum(sent, made.layer4, length, pseudo)).toBe(0xffff);
          if (!ipv6) expect(rawChecksum(sent, made.ip, 20)).toBe(0xffff);
          // Nothing else is another one.
          const field = made.layer4 + (protocol === UDP ? 6 : 16);
          const same = sent.slice(0, frame.length);
          same.set(frame.subarray(field, field + 2), field);
          if (!ipv6) same.fill(0, made.ip + 10, made.ip + 12);
          expect(same).toEqual(frame);
        },
      ),
      { numRuns: 200 },
    );
    expect(bench.card.counters()).toEqual({ resets: 1 });
  });

  it('of UDP are never 0, which would say that there is none', () => {
    const bench = new SecuredCard();
    const { frame, context, layer4 } = packet(UDP, false, new Uint8Array(2), 0);
    const send = () => {
      bench.program.send(frame, { context, options: descriptor.TXD_POPTS_TXSM });
      bench.card.step(8);
      const [sent] = bench.wire.sent.splice(0);
      return (sent[layer4 + 6] << 8) | sent[layer4 + 7];
    };
    const sum = send();
    frame.set([sum >> 8, sum & 0xff], layer4 + 8);
    expect(send()).toBe(0xffff);
  });

  it('are not made where nobody asked, or behind the end of the packet', () => {
    const bench = new SecuredCard();
    const { frame, context } = packet(TCP, false, new Uint8Array(40), 0);
    bench.program.send(frame, { context });
    const [lengths, ...others] = context;
    bench.program.send(frame, {
      context: [lengths | (127 << descriptor.TXC_MACLEN_SHIFT), ...others],
      options: descriptor.TXD_POPTS_TXSM | descriptor.TXD_POPTS_IXSM,
    });
    bench.card.step(8);
    expect(bench.wire.sent).toEqual([frame, frame]);
    expect(bench.card.counter('txHeaderLengthBeyondPacket')).toBe(2);
  });
});
