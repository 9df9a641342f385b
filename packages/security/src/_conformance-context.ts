import { SetupError } from '@inline-ipsec/eal/errors';
import { Memory } from '@inline-ipsec/eal/memory';
import { check, refused, same } from './_conformance-check.ts';
import {
  CAPABILITY_TX_NEEDS_METADATA,
  findCapability,
  type SecurityCapability,
  type SecurityCapabilityIndex,
} from './capabilities.ts';
import type { PortSecurity, PortSecurityOptions, SecurityOperations } from './port-security.ts';
import { SESSION_PRIVATE, type SecuritySession } from './session.ts';
import type { SecuritySessionConfiguration, SecurityStatistics } from './session-configuration.ts';
import { SecuritySessionPool } from './session-pool.ts';

/**
 * The 59 cases of DPDK's app/test/test_security.c, under their names, over a context whose driver writes down what it is
 * asked. Where C hands in a null pointer, a program in JavaScript can hand in nothing.
 */

/** Makes a security context of a driver's operations. */
export type ContextFactory = (
  memory: Memory,
  operations: SecurityOperations,
  options?: PortSecurityOptions,
) => PortSecurity;

/** What a case is given. */
interface Subject {
  readonly create: ContextFactory;
}

type Case = readonly [name: string, run: (subject: Subject) => void];

/** Sessions of the pool of a {@link Bench}. */
const SESSIONS = 4;

const CONFIGURATION: SecuritySessionConfiguration = {
  action: 'inline-crypto',
  protocol: 'ipsec',
  ipsec: { spi: 5, salt: new Uint8Array(4), direction: 'egress', proto: 'esp', mode: 'tunnel' },
  crypto: {
    kind: 'aead',
    direction: 'encrypt',
    algorithm: 'aes-gcm',
    key: new Uint8Array(16).fill(9),
    ivBytes: 12,
    tagBytes: 16,
  },
};
const STATISTICS: SecurityStatistics = {
  protocol: 'ipsec',
  inputPackets: 1,
  outputPackets: 2,
  inputBytes: 3,
  outputBytes: 4,
  inputErrors: 5,
  outputErrors: 6,
};
const IPSEC = { proto: 'esp', mode: 'tunnel', direction: 'egress' } as const;
const INDEX: SecurityCapabilityIndex = { action: 'inline-crypto', protocol: 'ipsec', ipsec: IPSEC };
const ENTRY: SecurityCapability = {
  action: 'inline-crypto',
  protocol: 'ipsec',
  ipsec: { ...IPSEC, options: {}, replayWindowSizeMax: 0 },
  crypto: [],
  flags: CAPABILITY_TX_NEEDS_METADATA,
};
const NOTHING = undefined as never;

/** A driver that writes down what it is asked, and refuses when it is told to. */
class RecordingDriver implements SecurityOperations {
  sessionPrivateBytes = 32;
  capabilities: readonly SecurityCapability[] = [ENTRY];
  readonly calls: string[] = [];
  fails = false;

  sessionCreate(session: number): void {
    this.#called(`create ${session}`);
  }

  sessionDestroy(session: number): void {
    this.#called(`destroy ${session}`);
  }

  sessionUpdate(session: number): void {
    this.#called(`update ${session}`);
  }

  sessionStatistics(session: number): SecurityStatistics {
    this.#called(`statistics ${session}`);
    return STATISTICS;
  }

  setPacketMetadata(session: number, mbuf: number): number {
    this.calls.push(`metadata ${session} ${mbuf}`);
    return this.fails ? -1 : 0;
  }

  #called(what: string): void {
    this.calls.push(what);
    if (!this.fails) return;
    throw new SetupError({ code: 'ERR_CONFORMANCE_DRIVER', errno: 'EIO', message: 'the driver refuses' });
  }
}

/** A context over a {@link RecordingDriver}, and a pool for it. */
class Bench {
  readonly memory: Memory = Memory.create({ bytes: 0x20_0000 });
  readonly driver = new RecordingDriver();
  readonly security: PortSecurity;
  readonly pool: SecuritySessionPool;

  /** @param without an operation that the driver has not got */
  constructor({ create }: Subject, without?: keyof SecurityOperations) {
    const operations: SecurityOperations = this.driver;
    if (without !== undefined) Object.defineProperty(operations, without, { value: undefined });
    this.security = create(this.memory, operations);
    this.pool = SecuritySessionPool.create(this.memory, 'conformance', SESSIONS, this.driver.sessionPrivateBytes ?? 0);
  }

  session(): SecuritySession {
    return this.security.sessionCreate(CONFIGURATION, this.pool);
  }

  /** Throws unless the driver was asked just this, and there are so many sessions. */
  expect(calls: readonly string[], sessions: number): void {
    same(this.driver.calls, calls, 'what the driver was asked');
    same(this.security.sessionCount, sessions, 'sessions of the context');
    same(this.pool.available, SESSIONS - sessions, 'sessions left in the pool');
  }
}

/** What each function of the context is called with; all of it right. */
const CALLS: Readonly<Record<string, (security: PortSecurity, bench: Bench, session: SecuritySession) => unknown>> = {
  session_create: (security, { pool }) => security.sessionCreate(CONFIGURATION, pool),
  session_update: (security, _, session) => security.sessionUpdate(session, CONFIGURATION),
  session_get_size: (security) => security.sessionBytes,
  session_stats_get: (security, _, session) => security.sessionStatistics(session),
  session_destroy: (security, _, session) => security.sessionDestroy(session),
  set_pkt_metadata: (security, _, session) => security.setPacketMetadata(session.position, 8192),
  capabilities_get: (security) => security.capabilities,
  capability_get: (security) => security.capability(INDEX),
};

/** Of every function: nothing happens on what is no context, and there is no context without operations. */
function contextCases(name: string): Case[] {
  return [
    [
      `${name}_inv_context`,
      (subject) => {
        const bench = new Bench(subject);
        const session = bench.session();
        let result: unknown;
        try {
          result = CALLS[name](NOTHING, bench, session);
        } catch (error) {
          check(error instanceof TypeError, 'the error of a call without a context');
          bench.expect([`create ${session.position}`], 1);
          return;
        }
        throw new Error(`a call without a context gave ${String(result)}`);
      },
    ],
    [
      `${name}_inv_context_ops`,
      ({ create }) => {
        const memory = Memory.create({ bytes: 0x20_0000 });
        refused(() => create(memory, NOTHING), 'ERR_SECURITY_OPERATIONS', 'EINVAL');
      },
    ],
  ];
}

/** An operation that the driver has not got: refused as such, with a session that is there. */
function lacks(name: string, operation: keyof SecurityOperations): Case {
  return [
    `${name}_inv_context_ops_fun`,
    (subject) => {
      const bench = new Bench(subject, operation);
      const session = operation === 'sessionCreate' ? NOTHING : bench.session();
      const [calls, count] = [[...bench.driver.calls], bench.security.sessionCount];
      refused(() => CALLS[name](bench.security, bench, session), 'ERR_SECURITY_UNSUPPORTED', 'ENOTSUP');
      bench.expect(calls, count);
    },
  ];
}

/** A driver that refuses: its error comes through, and the session is as it was. */
function fails(name: string, word: string): Case {
  return [
    `${name}_ops_failure`,
    (subject) => {
      const bench = new Bench(subject);
      const session = bench.session();
      bench.driver.fails = true;
      refused(() => CALLS[name](bench.security, bench, session), 'ERR_CONFORMANCE_DRIVER', 'EIO');
      bench.expect([`create ${session.position}`, `${word} ${session.position}`], 1);
    },
  ];
}

/** Nothing, or a session of another context, in place of a session. */
function strangeSession(name: string, call: (security: PortSecurity, session: SecuritySession) => unknown): Case {
  return [
    `${name}_inv_session`,
    (subject) => {
      const bench = new Bench(subject);
      const session = bench.session();
      const stranger = new Bench(subject);
      stranger.session();
      for (const strange of [NOTHING, stranger.session()]) {
        refused(() => call(bench.security, strange), 'ERR_SECURITY_SESSION', 'EINVAL');
      }
      bench.expect([`create ${session.position}`], 1);
    },
  ];
}

const SESSION_CREATE: readonly Case[] = [
  ...contextCases('session_create'),
  lacks('session_create', 'sessionCreate'),
  [
    'session_create_inv_configuration',
    (subject) => {
      const bench = new Bench(subject);
      refused(() => bench.security.sessionCreate(NOTHING, bench.pool), 'ERR_SECURITY_CONFIGURATION', 'EINVAL');
      bench.expect([], 0);
    },
  ],
  [
    'session_create_inv_mempool',
    (subject) => {
      const bench = new Bench(subject);
      refused(() => bench.security.sessionCreate(CONFIGURATION, NOTHING), 'ERR_SECURITY_POOL', 'EINVAL');
      const small = SecuritySessionPool.create(bench.memory, 'small', 1, bench.driver.sessionPrivateBytes - 8);
      refused(() => bench.security.sessionCreate(CONFIGURATION, small), 'ERR_SECURITY_POOL', 'EINVAL');
      same(small.available, 1, 'sessions left in the pool with small elements');
      bench.expect([], 0);
    },
  ],
  [
    'session_create_mempool_empty',
    (subject) => {
      const bench = new Bench(subject);
      const made = Array.from({ length: SESSIONS }, () => bench.session());
      refused(() => bench.session(), 'ERR_SECURITY_SESSIONS', 'ENOMEM');
      bench.expect(
        made.map(({ position }) => `create ${position}`),
        SESSIONS,
      );
    },
  ],
  [
    'session_create_ops_failure',
    (subject) => {
      const bench = new Bench(subject);
      bench.driver.fails = true;
      refused(() => bench.session(), 'ERR_CONFORMANCE_DRIVER', 'EIO');
      same(bench.driver.calls.length, 1, 'calls of the driver');
      bench.expect(bench.driver.calls, 0);
    },
  ],
  [
    'session_create_success',
    (subject) => {
      const bench = new Bench(subject);
      const session = bench.security.sessionCreate({ ...CONFIGURATION, userdata: 0xfeed }, bench.pool);
      same(session.userdata, 0xfeed, 'userdata');
      bench.expect([`create ${session.position}`], 1);
    },
  ],
];

const SESSION_UPDATE: readonly Case[] = [
  ...contextCases('session_update'),
  lacks('session_update', 'sessionUpdate'),
  [
    'session_update_inv_configuration',
    (subject) => {
      const bench = new Bench(subject);
      const session = bench.session();
      refused(() => bench.security.sessionUpdate(session, NOTHING), 'ERR_SECURITY_CONFIGURATION', 'EINVAL');
      bench.expect([`create ${session.position}`], 1);
    },
  ],
  strangeSession('session_update', (security, session) => security.sessionUpdate(session, CONFIGURATION)),
  fails('session_update', 'update'),
  [
    'session_update_success',
    (subject) => {
      const bench = new Bench(subject);
      const session = bench.session();
      bench.security.sessionUpdate(session, CONFIGURATION);
      bench.expect([`create ${session.position}`, `update ${session.position}`], 1);
    },
  ],
];

/** The bytes of a session, when the driver says nothing (or that it wants none), and when it wants some. */
function sizeCase(name: string, privateBytes: number | undefined): Case {
  return [
    name,
    (subject) => {
      const bench = new Bench(subject);
      Object.defineProperty(bench.driver, 'sessionPrivateBytes', { value: privateBytes });
      same(bench.security.sessionPrivateBytes, privateBytes ?? 0, 'bytes of the driver');
      same(bench.security.sessionBytes, SESSION_PRIVATE + (privateBytes ?? 0), 'bytes of a session');
    },
  ];
}

const SESSION_GET_SIZE: readonly Case[] = [
  ...contextCases('session_get_size'),
  sizeCase('session_get_size_inv_context_ops_fun', undefined),
  sizeCase('session_get_size_ops_failure', 0),
  sizeCase('session_get_size_success', 1024),
];

const SESSION_STATS_GET: readonly Case[] = [
  ...contextCases('session_stats_get'),
  lacks('session_stats_get', 'sessionStatistics'),
  [
    // The place for the statistics is the function's result here: what can be wrong is the session.
    'session_stats_get_inv_stats',
    strangeSession('session_stats_get', (security, session) => security.sessionStatistics(session))[1],
  ],
  fails('session_stats_get', 'statistics'),
  [
    'session_stats_get_success',
    (subject) => {
      const bench = new Bench(subject);
      const session = bench.session();
      same(bench.security.sessionStatistics(session), STATISTICS, 'statistics');
      bench.expect([`create ${session.position}`, `statistics ${session.position}`], 1);
    },
  ],
];

const SESSION_DESTROY: readonly Case[] = [
  ...contextCases('session_destroy'),
  lacks('session_destroy', 'sessionDestroy'),
  strangeSession('session_destroy', (security, session) => security.sessionDestroy(session)),
  fails('session_destroy', 'destroy'),
  [
    'session_destroy_success',
    (subject) => {
      const bench = new Bench(subject);
      const session = bench.session();
      const { position } = session;
      bench.security.sessionDestroy(session);
      bench.expect([`create ${position}`, `destroy ${position}`], 0);
      check(
        bench.memory.view(position, bench.security.sessionBytes).every((byte) => byte === 0),
        'the memory of a session that has ended',
      );
      refused(() => bench.security.sessionDestroy(session), 'ERR_SECURITY_SESSION', 'EINVAL');
    },
  ],
];

const SET_PKT_METADATA: readonly Case[] = [
  ...contextCases('set_pkt_metadata'),
  [
    'set_pkt_metadata_inv_context_ops_fun',
    (subject) => {
      const bench = new Bench(subject, 'setPacketMetadata');
      same(bench.security.setPacketMetadata(4096, 8192), -1, 'the answer');
    },
  ],
  [
    'set_pkt_metadata_inv_session',
    (subject) => {
      const bench = new Bench(subject);
      bench.driver.fails = true;
      same(bench.security.setPacketMetadata(0, 8192), -1, 'the answer');
      bench.expect(['metadata 0 8192'], 0);
    },
  ],
  [
    'set_pkt_metadata_ops_failure',
    (subject) => {
      const bench = new Bench(subject);
      const { position } = bench.session();
      bench.driver.fails = true;
      same(bench.security.setPacketMetadata(position, 8192), -1, 'the answer');
      bench.expect([`create ${position}`, `metadata ${position} 8192`], 1);
    },
  ],
  [
    'set_pkt_metadata_success',
    (subject) => {
      const bench = new Bench(subject);
      const { position } = bench.session();
      same(bench.security.setPacketMetadata(position, 8192), 0, 'the answer');
      bench.expect([`create ${position}`, `metadata ${position} 8192`], 1);
    },
  ],
];

/** What the table of capabilities is, and what is found in it. */
function tableCase(
  name: string,
  table: readonly SecurityCapability[] | undefined,
  index?: SecurityCapabilityIndex,
  found?: SecurityCapability,
): Case {
  return [
    name,
    (subject) => {
      const bench = new Bench(subject);
      Object.defineProperty(bench.driver, 'capabilities', { value: table });
      same(bench.security.capabilities, table ?? [], 'the table');
      if (index === undefined) return;
      check(bench.security.capability(index) === found, 'what is found');
      check(findCapability(table ?? [], index) === found, 'what findCapability finds');
    },
  ];
}

const CAPABILITIES_GET: readonly Case[] = [
  ...contextCases('capabilities_get'),
  tableCase('capabilities_get_inv_context_ops_fun', undefined),
  tableCase('capabilities_get_ops_failure', []),
  tableCase('capabilities_get_success', [ENTRY, { ...ENTRY, action: 'inline-protocol' }]),
];

const ipsecEntry = (change: Partial<NonNullable<SecurityCapability['ipsec']>>): SecurityCapability => ({
  ...ENTRY,
  ipsec: { ...IPSEC, options: {}, replayWindowSizeMax: 0, ...change },
});
const PDCP: SecurityCapability = {
  action: 'lookaside-protocol',
  protocol: 'pdcp',
  pdcp: { domain: 'control' },
  crypto: [],
  flags: 0,
};
const DOCSIS: SecurityCapability = {
  action: 'lookaside-protocol',
  protocol: 'docsis',
  docsis: { direction: 'downlink' },
  crypto: [],
  flags: 0,
};
const PDCP_INDEX = { action: 'lookaside-protocol', protocol: 'pdcp', pdcp: { domain: 'control' } } as const;
const DOCSIS_INDEX = { action: 'lookaside-protocol', protocol: 'docsis', docsis: { direction: 'downlink' } } as const;

const CAPABILITY_GET: readonly Case[] = [
  ...contextCases('capability_get'),
  tableCase('capability_get_inv_context_ops_fun', undefined, INDEX),
  [
    'capability_get_inv_idx',
    (subject) => {
      const { security } = new Bench(subject);
      check(security.capability(NOTHING) === undefined, 'what is found without an index');
    },
  ],
  tableCase('capability_get_ops_failure', undefined, INDEX),
  tableCase('capability_get_empty_table', [], INDEX),
  tableCase('capability_get_no_matching_action', [{ ...ENTRY, action: 'inline-protocol' }], INDEX),
  tableCase('capability_get_no_matching_protocol', [{ ...ENTRY, protocol: 'macsec' }], INDEX),
  tableCase('capability_get_ipsec_mismatch_proto', [ipsecEntry({ proto: 'ah' })], INDEX),
  tableCase('capability_get_ipsec_mismatch_mode', [ipsecEntry({ mode: 'transport' })], INDEX),
  tableCase('capability_get_ipsec_mismatch_dir', [ipsecEntry({ direction: 'ingress' })], INDEX),
  tableCase('capability_get_ipsec_match', [ipsecEntry({ direction: 'ingress' }), ENTRY, { ...ENTRY }], INDEX, ENTRY),
  tableCase('capability_get_pdcp_mismatch_domain', [{ ...PDCP, pdcp: { domain: 'data' } }], PDCP_INDEX),
  tableCase('capability_get_pdcp_match', [PDCP], PDCP_INDEX, PDCP),
  tableCase('capability_get_docsis_mismatch_direction', [{ ...DOCSIS, docsis: { direction: 'uplink' } }], DOCSIS_INDEX),
  tableCase('capability_get_docsis_match', [DOCSIS], DOCSIS_INDEX, DOCSIS),
];

/** All of them. */
export const CONTEXT_CASES: readonly Case[] = [
  ...SESSION_CREATE,
  ...SESSION_UPDATE,
  ...SESSION_GET_SIZE,
  ...SESSION_STATS_GET,
  ...SESSION_DESTROY,
  ...SET_PKT_METADATA,
  ...CAPABILITIES_GET,
  ...CAPABILITY_GET,
];
