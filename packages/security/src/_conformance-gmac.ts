import { inRange } from '@inline-ipsec/cryptodev/capabilities';
import { TX_OFFLOAD_MULTI_SEGS } from '@inline-ipsec/ethdev/offloads';
import { refused, same } from './_conformance-check.ts';
import {
  espFrame,
  FAILED,
  GOOD,
  gmac,
  gmacSessionOf,
  type InlineBench,
  IPV6_ADDRESS,
  KEY,
  OTHER_KEY,
  sessionOf,
} from './_conformance-inline-bench.ts';
import type { InlineCase } from './_conformance-sessions.ts';

/**
 * Cases for inline IPsec: ESP without encryption, authenticated by AES-128-GMAC (RFC 4543), on ports whose capabilities have
 * it.
 */

/** Whether the port says that it has AES-128-GMAC for ESP, both ways and in both modes. */
function hasGmac({ security }: InlineBench): boolean {
  const modes = ['tunnel', 'transport'] as const;
  const directions = ['egress', 'ingress'] as const;
  return modes.every((mode) =>
    directions.every((direction) =>
      security
        .capability({ action: 'inline-crypto', protocol: 'ipsec', ipsec: { proto: 'esp', mode, direction } })
        ?.crypto.some(
          (row) => row.kind === 'auth' && row.algorithm === 'aes-gmac' && inRange(row.key, 16) && inRange(row.tag, 16),
        ),
    ),
  );
}

/** A case for ports that have AES-128-GMAC. */
function withGmac(name: string, run: (bench: InlineBench) => void): InlineCase {
  return [
    `${name}, if it has AES-128-GMAC`,
    (bench) => {
      if (hasGmac(bench)) run(bench);
    },
  ];
}

export const GMAC_CASES: readonly InlineCase[] = [
  [
    'makes no session of AES-GMAC unless its capabilities have it, nor of other keys and ICVs',
    (bench) => {
      bench.start();
      const cannot = (crypto: ReturnType<typeof gmac>): void => {
        refused(() => bench.session({ ...gmacSessionOf('egress', 5), crypto }), undefined, ['ENOTSUP', 'EINVAL']);
      };
      const good = gmac('encrypt');
      if (!hasGmac(bench)) cannot(good);
      cannot(gmac('decrypt'));
      cannot(gmac('encrypt', new Uint8Array(15)));
      if (good.kind === 'chain') cannot({ ...good, auth: { ...good.auth, tagBytes: 4 } });
      same(bench.security.sessionCount, 0, 'sessions');
    },
  ],
  withGmac('authenticates what leaves and leaves it in clear, whatever its length', (bench) => {
    bench.start();
    const session = bench.session(gmacSessionOf('egress', 5));
    for (const bytes of [0, 1, 2, 3, 4, 15, 16, 17, 63, 64, 100, 512, 1000, 1400]) {
      const packet = { spi: 5, sequence: bytes + 1, bytes };
      const sent = bench.send(bench.secret(session, espFrame(packet)));
      same(sent, [bench.authenticated(packet)], `payload of ${bytes} bytes`);
    }
    if ((bench.subject.port.info().txOffloads & TX_OFFLOAD_MULTI_SEGS) === 0) return;
    const frame = espFrame({ spi: 5, bytes: 200 });
    for (const cuts of [[40], [60], [51, 150], [frame.length - 17]]) {
      const sent = bench.send(bench.secret(session, frame, cuts));
      same(sent, [bench.authenticated({ spi: 5, bytes: 200 })], `a frame cut at ${cuts.join(', ')}`);
    }
  }),
  withGmac('verifies what comes in, in its place, and says so', (bench) => {
    bench.start();
    bench.bind(bench.session(gmacSessionOf('ingress', 5)));
    for (const bytes of [2, 6, 15, 16, 17, 63, 64, 100, 512, 1000, 1400]) {
      const packet = { spi: 5, sequence: bytes, bytes };
      const frame = bench.authenticated(packet);
      const [{ flags, bytes: got }] = bench.receive(frame);
      same(flags, GOOD, `flags of a payload of ${bytes} bytes`);
      same(got.subarray(0, -16), frame.subarray(0, -16), `a payload of ${bytes} bytes`);
    }
  }),
  withGmac('authenticates and verifies in IPv6 and in transport mode', (bench) => {
    bench.start();
    const out = bench.session(gmacSessionOf('egress', 5, KEY, { mode: 'transport' }));
    const packets = [{ spi: 5 }, { spi: 5, sequence: 2, destination: IPV6_ADDRESS }];
    const frames = packets.map((packet) => bench.authenticated(packet));
    same(bench.send(...packets.map((packet) => bench.secret(out, espFrame(packet)))), frames, 'frames');
    bench.bind(bench.session(gmacSessionOf('ingress', 5, KEY, { mode: 'transport' })));
    bench.bind(bench.session(gmacSessionOf('ingress', 5)), IPV6_ADDRESS);
    same(bench.flagsOf(...frames), [GOOD, GOOD], 'flags');
  }),
  withGmac('says that it failed, wherever the bit is wrong', (bench) => {
    bench.start();
    bench.bind(bench.session(gmacSessionOf('ingress', 5)));
    const good = bench.authenticated({ spi: 5 });
    // Sequence number, IV, payload, pad length, ICV.
    for (const at of [14 + 20 + 7, 14 + 20 + 15, 14 + 20 + 16, good.length - 18, good.length - 16, good.length - 1]) {
      const bad = good.slice();
      bad[at] ^= 1;
      same(bench.flagsOf(bad, good), [FAILED, GOOD], `flags with a wrong bit in byte ${at}, and behind it`);
    }
    same(bench.flagsOf(bench.authenticated({ spi: 5 }, OTHER_KEY)), [FAILED], 'flags under a wrong key');
    same(bench.flagsOf(bench.sealed({ spi: 5 })), [FAILED], 'flags of what is enciphered');
  }),
  withGmac('tells sessions of GMAC and GCM apart, also in the place of one that has ended', (bench) => {
    bench.start();
    const secret = bench.session(sessionOf('egress', 5));
    const open = bench.session(gmacSessionOf('egress', 6));
    bench.bind(bench.session(sessionOf('ingress', 5)));
    bench.bind(bench.session(gmacSessionOf('ingress', 6)));
    const mbufs: number[] = [];
    const expected: Uint8Array[] = [];
    for (let sequence = 1; sequence <= 20; sequence++) {
      const enciphers = sequence % 3 !== 0;
      const packet = { spi: enciphers ? 5 : 6, sequence };
      mbufs.push(bench.secret(enciphers ? secret : open, espFrame(packet)));
      expected.push(enciphers ? bench.sealed(packet) : bench.authenticated(packet));
    }
    same(bench.send(...mbufs), expected, 'frames');
    same(
      bench.flagsOf(...expected),
      expected.map(() => GOOD),
      'flags',
    );
    bench.security.sessionDestroy(open);
    const other = bench.session(sessionOf('egress', 6));
    same(bench.send(bench.secret(other, espFrame({ spi: 6 }))), [bench.sealed({ spi: 6 })], 'a frame in its place');
  }),
  withGmac('does all that after stop and start as before', (bench) => {
    bench.start();
    const { port } = bench.subject;
    const out = bench.session(gmacSessionOf('egress', 5));
    const into = bench.session(gmacSessionOf('ingress', 5));
    bench.bind(into);
    port.stop();
    port.start();
    if (port.info().keepsFlowRules !== true) bench.bind(into);
    const frame = bench.authenticated({ spi: 5 });
    same(bench.send(bench.secret(out, espFrame({ spi: 5 }))), [frame], 'frames');
    same(bench.flagsOf(frame), [GOOD], 'flags');
  }),
];
