import { createCipheriv } from 'node:crypto';
import type { EngineFactory } from '@inline-ipsec/cryptodev/engine';
import { createIpsecMbEngine } from '@inline-ipsec/cryptodev/ipsec-mb';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { createOpensslEngine } from '@inline-ipsec/cryptodev/openssl';
import { createNativeMemory } from '@inline-ipsec/eal/linux/native-memory';
import { Memory } from '@inline-ipsec/eal/memory';
import { afterAll, describe, expect, it } from 'vitest';
import * as descriptor from '../descriptors.ts';
import { espFrame, TUNNEL_END } from '../testing/esp-frame.ts';
import { espContext } from '../testing/register-program.ts';
import { bytesOf, KEY, SALT, type Seal, sealed } from '../testing/secure-bench.ts';
import { SecuredCard } from '../testing/secured-card.ts';
import { AH_IPV4, AH_IPV6, AH_KEY, AH_SALT, AH_SPI } from '../vectors/ah-gmac.ts';

/** The security block over each engine: what it does is the same, whoever does the arithmetic. */

const seal: Seal = (key, nonce, aad, text) => {
  const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(aad);
  return Uint8Array.of(...cipher.update(text), ...cipher.final(), ...cipher.getAuthTag());
};
const SECURITY = descriptor.RXD_STAT_SECP | descriptor.RXD_SECERR;
const FORGED = descriptor.RXD_STAT_SECP | descriptor.RXD_SECERR_AUTHENTICATION;
const MEMORY = { bytes: 16 << 20, hugepages: false } as const;
const free: (() => void)[] = [];
afterAll(() => {
  for (const give of free) give();
});

/** Memory that native code can reach; an ordinary one where there is none, for engines that can do with that. */
function engineMemory(): Memory {
  try {
    const native = createNativeMemory(MEMORY);
    free.push(native.free);
    return native.memory;
  } catch {
    return Memory.create({ bytes: MEMORY.bytes });
  }
}

function reasonAgainst(create: EngineFactory): string {
  try {
    create(engineMemory()).close();
    return '';
  } catch (error) {
    const reason = ` (skipped: ${error instanceof Error ? error.message : String(error)})`;
    console.warn(`an engine's tests of the security block are${reason}`);
    return reason;
  }
}

const ENGINES = [
  ['noble', createNobleEngine],
  ['openssl', createOpensslEngine],
  ['ipsec-mb', createIpsecMbEngine],
] as const;

for (const [name, create] of ENGINES) {
  const reason = reasonAgainst(create);
  describe.skipIf(reason !== '')(`the security block over ${name}${reason}`, () => {
    const bench = () => {
      const all = new SecuredCard({}, engineMemory(), create);
      const ah = { key: bytesOf(AH_KEY), salt: bytesOf(AH_SALT) };
      all.program.writeTxSa(1, { key: KEY, salt: SALT });
      all.program.writeTxSa(2, ah);
      all.program.writeRxSa(1, { spi: 5, address: TUNNEL_END, key: KEY, salt: SALT });
      all.program.writeRxSa(2, { spi: 6, address: TUNNEL_END, ipIndex: 1, key: KEY, salt: SALT, mode: 0x05 });
      all.program.writeRxSa(3, { spi: AH_SPI, address: Uint8Array.of(192, 168, 1, 1), ...ah, mode: 0x01 });
      const v6 = bytesOf('20010db8000000000000000000000001');
      all.program.writeRxSa(4, { spi: AH_SPI, address: v6, ...ah, mode: 0x11 });
      return all;
    };
    const frames: [string, Uint8Array, Uint8Array, Parameters<typeof espContext>[0]][] = [];
    for (const bytes of [1, 60, 1400, 9000]) {
      const gcm = espFrame({ spi: 5, payload: new Uint8Array(bytes).fill(bytes) });
      frames.push([`ESP with GCM, ${bytes} bytes`, gcm, sealed(seal, gcm), { index: 1 }]);
      const gmac = espFrame({ spi: 6, payload: new Uint8Array(bytes).fill(bytes) });
      const tagged = sealed(seal, gmac, { authOnly: true });
      frames.push([`ESP with GMAC, ${bytes} bytes`, gmac, tagged, { index: 1, encrypt: false }]);
    }
    for (const [version, packet] of [
      ['IPv4', AH_IPV4],
      ['IPv6', AH_IPV6],
    ] as const) {
      const ipv6 = version === 'IPv6';
      const type = ipv6 ? [0x86, 0xdd] : [8, 0];
      const right = Uint8Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, ...type, ...bytesOf(packet));
      const clear = right.slice();
      clear.fill(0, 14 + (ipv6 ? 60 : 40), 14 + (ipv6 ? 76 : 56));
      frames.push([`AH in ${version}`, clear, right, { index: 2, ipv6, ah: true }]);
    }

    it.each(frames)('%s goes out and comes in', (_name, clear, right, context) => {
      const all = bench();
      expect(all.leave(clear, espContext(context))).toEqual(right);
      if (right.length > 1518) return;
      expect((all.arrive(right)?.status ?? 0) & SECURITY).toBe(descriptor.RXD_STAT_SECP);
      const wrong = right.slice();
      wrong[wrong.length - 20] ^= 1;
      expect((all.arrive(wrong)?.status ?? 0) & SECURITY).toBe(FORGED);
    });

    it('all of them go in one batch, and each keeps its own', () => {
      const all = bench();
      const short = frames.filter(([, , right]) => right.length <= 1518);
      for (const [, clear, , context] of short) {
        all.program.send(clear, { context: espContext(context), options: descriptor.TXD_POPTS_IPSEC });
      }
      all.card.step(32);
      expect(all.wire.sent).toEqual(short.map(([, , right]) => right));
      all.wire.incoming.push(...short.map(([, , right]) => right));
      all.card.step(32);
      for (const [name] of short) {
        expect((all.program.receive()?.status ?? 0) & SECURITY, name).toBe(descriptor.RXD_STAT_SECP);
      }
    });
  });
}
