import { inRange } from '@inline-ipsec/cryptodev/capabilities';
import { check, refused, same } from './_conformance-check.ts';
import { gcm, type InlineBench, KEY, ruleOf, sessionOf } from './_conformance-inline-bench.ts';
import type { IpsecOptions } from './session-configuration.ts';

/** Cases for inline IPsec: capabilities, and sessions that can and cannot be. */

export type InlineCase = readonly [name: string, run: (bench: InlineBench) => void];

const OPTIONS: readonly (keyof IpsecOptions)[] = [
  'esn',
  'udpEncap',
  'copyDscp',
  'copyFlabel',
  'copyDf',
  'decTtl',
  'ecn',
  'stats',
  'ivGenDisable',
  'udpPortsVerify',
  'ipCsumEnable',
  'l4CsumEnable',
  'ipReassemblyEn',
  'ingressOop',
];
const CANNOT = ['ENOTSUP', 'EINVAL'];

export const SESSION_CASES: readonly InlineCase[] = [
  [
    'says what it can offload: AES-128-GCM for ESP tunnels, in and out',
    ({ security }) => {
      for (const direction of ['egress', 'ingress'] as const) {
        const entry = security.capability({
          action: 'inline-crypto',
          protocol: 'ipsec',
          ipsec: { proto: 'esp', mode: 'tunnel', direction },
        });
        check(entry !== undefined, `the capability for ${direction}`);
        const has = entry?.crypto.some(
          (row) => row.kind === 'aead' && row.algorithm === 'aes-gcm' && inRange(row.key, 16) && inRange(row.tag, 16),
        );
        check(has === true, `AES-128-GCM for ${direction}`);
      }
    },
  ],
  [
    'makes no session for a direction that it is not configured for, and leaves the pool as it was',
    (bench) => {
      const { available } = bench.sessions;
      bench.configure({ receive: true, transmit: false });
      refused(() => bench.session(sessionOf('egress', 5)), undefined, CANNOT);
      bench.configure({ receive: false, transmit: true });
      refused(() => bench.session(sessionOf('ingress', 5)), undefined, CANNOT);
      same(bench.security.sessionCount, 0, 'sessions');
      bench.configure({ receive: false, transmit: false });
      refused(() => bench.session(sessionOf('egress', 5)), undefined, CANNOT);
      same(bench.sessions.available, available, 'sessions left in the pool');
    },
  ],
  [
    'refuses what its capabilities do not have, with what to do instead, and makes no session of it',
    (bench) => {
      bench.start();
      const { security } = bench;
      const entry = security.capability({
        action: 'inline-crypto',
        protocol: 'ipsec',
        ipsec: { proto: 'esp', mode: 'tunnel', direction: 'egress' },
      });
      const available = bench.sessions.available;
      const cannot = (configuration: Parameters<InlineBench['session']>[0]): void => {
        try {
          bench.session(configuration);
        } catch (error) {
          const { errno, remedy } = error as { errno?: string; remedy?: string };
          check(CANNOT.includes(errno ?? ''), `errno ${errno}`);
          check(remedy !== undefined, `what to do instead, after: ${String(error)};`);
          return;
        }
        throw new Error(`a session was made of ${JSON.stringify(configuration)}`);
      };
      const good = sessionOf('egress', 5);
      for (const option of OPTIONS) {
        if (entry?.ipsec?.options[option]) continue;
        cannot(sessionOf('egress', 5, KEY, { options: { [option]: true } }));
      }
      const window = (entry?.ipsec?.replayWindowSizeMax ?? 0) + 1;
      cannot(sessionOf('ingress', 5, KEY, { replayWindowSize: window }));
      for (const bytes of [24, 32]) {
        const has = entry?.crypto.some((row) => row.algorithm === 'aes-gcm' && inRange(row.key, bytes));
        if (has !== true) cannot(sessionOf('egress', 5, new Uint8Array(bytes)));
      }
      cannot({ ...good, crypto: gcm('decrypt') });
      cannot({ ...good, protocol: 'macsec' });
      cannot(sessionOf('egress', 0));
      cannot(sessionOf('egress', 5, new Uint8Array(15)));
      cannot(sessionOf('egress', 5, KEY, { salt: new Uint8Array(3) }));
      same([security.sessionCount, bench.sessions.available], [0, available], 'sessions');
    },
  ],
  [
    'keeps no key of a session that has ended',
    (bench) => {
      bench.start();
      const { memory } = bench.subject;
      for (const direction of ['egress', 'ingress'] as const) {
        const session = bench.session(sessionOf(direction, 5));
        if (direction === 'ingress') bench.bind(session);
        const { position } = session;
        bench.security.sessionDestroy(session);
        const left = memory.view(position, bench.security.sessionBytes);
        check(
          left.every((byte) => byte === 0),
          `the memory of an ${direction} session that has ended`,
        );
      }
    },
  ],
  [
    'refuses a session too many with a reason, and has room again when one has ended',
    (bench) => {
      bench.start();
      const { egressSessions, ingressSessions } = bench.security.limits;
      for (const [direction, limit] of [
        ['egress', egressSessions],
        ['ingress', ingressSessions],
      ] as const) {
        // Without a limit, or with one beyond the pool of the test, there is nothing to run into.
        if (limit === undefined || limit >= 2048) continue;
        const make = (spi: number) => {
          const session = bench.session(sessionOf(direction, spi));
          if (direction === 'egress') return session;
          try {
            bench.bind(session);
          } catch (error) {
            bench.security.sessionDestroy(session);
            throw error;
          }
          return session;
        };
        const all = Array.from({ length: limit }, (_, i) => make(256 + i));
        for (let i = 0; i < 2; i++) refused(() => make(9000), undefined, ['ENOSPC', 'ENOMEM']);
        same(bench.security.sessionCount, limit, 'sessions');
        bench.security.sessionDestroy(all[7]);
        all[7] = make(9000);
        for (const session of all) bench.security.sessionDestroy(session);
        same(bench.security.sessionCount, 0, 'sessions at the end');
      }
    },
  ],
  [
    'changes nothing when a rule is only validated, and refuses the same as when it is made',
    (bench) => {
      bench.start();
      const { port } = bench.subject;
      const session = bench.session(sessionOf('ingress', 5));
      for (let i = 0; i < 3; i++) port.flowValidate({ ingress: true }, ...ruleOf(session));
      same(bench.flagsOf(bench.sealed({ spi: 5 })), [0], 'flags of a packet when rules were only validated');
      bench.bind(session);
      refused(() => port.flowValidate({ ingress: true }, ...ruleOf(session)), undefined, ['EEXIST', 'EINVAL']);
      refused(() => port.flowCreate({ ingress: true }, ...ruleOf(session)), undefined, ['EEXIST', 'EINVAL']);
      same(port.flows.length, 1, 'rules');
    },
  ],
];
