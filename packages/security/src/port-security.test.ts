import { SetupError } from '@inline-ipsec/eal/errors';
import { Memory } from '@inline-ipsec/eal/memory';
import { getSecurityContext } from '@inline-ipsec/ethdev/security-context';
import { PktmbufPool } from '@inline-ipsec/mbuf/pktmbuf';
import { describe, expect, it } from 'vitest';
import { CAPABILITY_TX_NEEDS_METADATA, type SecurityCapability } from './capabilities.ts';
import { hasSecurityMetadataField, securityMetadataField } from './packet-metadata.ts';
import { PortSecurity, type PortSecurityOptions, type SecurityOperations } from './port-security.ts';
import { SESSION_FAST_METADATA, SESSION_PRIVATE, type SecuritySession } from './session.ts';
import type { SecuritySessionConfiguration, SecurityStatistics } from './session-configuration.ts';
import { SecuritySessionPool } from './session-pool.ts';

/**
 * What a context does beyond the cases of DPDK's app/test/test_security.c, which `conformance.test.ts` runs; one describe a
 * function.
 */

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

const CAPABILITIES: readonly SecurityCapability[] = [
  {
    action: 'inline-crypto',
    protocol: 'ipsec',
    ipsec: { proto: 'esp', mode: 'tunnel', direction: 'egress', options: {}, replayWindowSizeMax: 0 },
    crypto: [],
    flags: CAPABILITY_TX_NEEDS_METADATA,
  },
];

const STATISTICS: SecurityStatistics = {
  protocol: 'ipsec',
  inputPackets: 1,
  outputPackets: 2,
  inputBytes: 3,
  outputBytes: 4,
  inputErrors: 5,
  outputErrors: 6,
};

const REFUSAL = new SetupError({ code: 'ERR_TEST_DRIVER', errno: 'EIO', message: 'the driver does not want to' });

/** Operations that note what they are called with, and fail when told to. */
class Driver implements SecurityOperations {
  readonly sessionPrivateBytes = 32;
  readonly capabilities = CAPABILITIES;
  readonly calls: [name: string, ...arguments_: unknown[]][] = [];
  fails = false;
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  sessionCreate(session: number, configuration: SecuritySessionConfiguration): void {
    // A driver that writes its key before it finds out that it cannot.
    this.#memory.u8.fill(0xaa, session + SESSION_PRIVATE, session + SESSION_PRIVATE + this.sessionPrivateBytes);
    this.#called('create', session, configuration);
  }

  sessionDestroy(session: number): void {
    this.#called('destroy', session);
  }

  sessionUpdate(session: number, configuration: SecuritySessionConfiguration): void {
    this.#called('update', session, configuration);
  }

  sessionStatistics(session: number): SecurityStatistics {
    this.#called('statistics', session);
    return STATISTICS;
  }

  setPacketMetadata(session: number, mbuf: number): number {
    this.calls.push(['metadata', session, mbuf]);
    return this.fails ? -1 : 0;
  }

  #called(name: string, ...arguments_: unknown[]): void {
    this.calls.push([name, ...arguments_]);
    if (this.fails) throw REFUSAL;
  }
}

function bench(options: PortSecurityOptions = {}, sessions = 4) {
  const memory = Memory.create({ bytes: 4 * 1024 * 1024 });
  const driver = new Driver(memory);
  const security = new PortSecurity(memory, driver, options);
  const pool = SecuritySessionPool.create(memory, 'sessions', sessions, security.sessionPrivateBytes);
  return { memory, driver, security, pool };
}

/** What only must be there: nothing can be changed, counted or marked. */
function leastOperations(): SecurityOperations {
  return { sessionPrivateBytes: 0, capabilities: [], sessionCreate: () => {}, sessionDestroy: () => {} };
}

function leastBench() {
  const memory = Memory.create({ bytes: 4 * 1024 * 1024 });
  const security = new PortSecurity(memory, leastOperations());
  const pool = SecuritySessionPool.create(memory, 'sessions', 4, 0);
  return { security, session: security.sessionCreate(CONFIGURATION, pool) };
}

function foreignSession(): SecuritySession {
  const { security, pool } = bench();
  return security.sessionCreate(CONFIGURATION, pool);
}

const error = (code: string, errno: string) => expect.objectContaining({ code, errno });

describe('sessionCreate', () => {
  it('makes a session by the driver, once, and counts it', () => {
    const { security, driver, pool } = bench();
    const session = security.sessionCreate({ ...CONFIGURATION, userdata: 0xfeed }, pool);
    expect(driver.calls).toEqual([['create', session.position, { ...CONFIGURATION, userdata: 0xfeed }]]);
    expect([security.sessionCount, pool.available]).toEqual([1, 3]);
    expect(session.userdata).toBe(0xfeed);
  });

  it('gives a session without userdata the userdata 0', () => {
    const { security, pool } = bench();
    const session = security.sessionCreate(CONFIGURATION, pool);
    expect(session.userdata).toBe(0);
    session.userdata = 7;
    expect(session.userdata).toBe(7);
  });

  it('refuses a pool whose elements are too small, before it asks the driver', () => {
    const { memory, security, driver } = bench();
    const small = SecuritySessionPool.create(memory, 'small', 4, security.sessionPrivateBytes - 8);
    expect(() => security.sessionCreate(CONFIGURATION, small)).toThrow(error('ERR_SECURITY_POOL', 'EINVAL'));
    expect([driver.calls.length, security.sessionCount, small.available]).toEqual([0, 0, 4]);
  });

  it('refuses when the pool is empty, and leaves it as it is', () => {
    const { security, driver, pool } = bench({}, 1);
    security.sessionCreate(CONFIGURATION, pool);
    expect(() => security.sessionCreate(CONFIGURATION, pool)).toThrow(error('ERR_SECURITY_SESSIONS', 'ENOMEM'));
    expect([driver.calls.length, security.sessionCount, pool.available]).toEqual([1, 1, 0]);
  });

  it('says what the driver says when it fails, and gives the element back, wiped', () => {
    const { memory, security, driver, pool } = bench({}, 1);
    driver.fails = true;
    expect(() => security.sessionCreate(CONFIGURATION, pool)).toThrow(REFUSAL);
    expect([security.sessionCount, pool.available]).toEqual([0, 1]);
    const [[, position]] = driver.calls as [[string, number]];
    expect(memory.view(position, security.sessionBytes).every((byte) => byte === 0)).toBe(true);
  });

  it('gives each session a place of its own', () => {
    const { security, pool } = bench();
    const positions = [1, 2, 3, 4].map(() => security.sessionCreate(CONFIGURATION, pool).position);
    expect(new Set(positions).size).toBe(4);
    const sorted = positions.sort((a, b) => a - b);
    for (let i = 1; i < 4; i++) expect(sorted[i] - sorted[i - 1]).toBeGreaterThanOrEqual(security.sessionBytes);
  });

  it('takes sessions from several pools, and gives each back to its own', () => {
    const { memory, security, pool } = bench();
    const other = SecuritySessionPool.create(memory, 'other', 2, 100);
    const first = security.sessionCreate(CONFIGURATION, pool);
    const second = security.sessionCreate(CONFIGURATION, other);
    security.sessionDestroy(second);
    expect([pool.available, other.available]).toEqual([3, 2]);
    security.sessionDestroy(first);
    expect([pool.available, other.available]).toEqual([4, 2]);
  });
});

describe('sessionUpdate', () => {
  it('asks the driver, once', () => {
    const { security, driver, pool } = bench();
    const session = security.sessionCreate(CONFIGURATION, pool);
    security.sessionUpdate(session, CONFIGURATION);
    expect(driver.calls.slice(1)).toEqual([['update', session.position, CONFIGURATION]]);
  });

  it('refuses when the driver cannot', () => {
    const { security, session } = leastBench();
    expect(() => security.sessionUpdate(session, CONFIGURATION)).toThrow(error('ERR_SECURITY_UNSUPPORTED', 'ENOTSUP'));
  });

  it('refuses a session of another context, and one that is gone', () => {
    const { security, driver, pool } = bench();
    expect(() => security.sessionUpdate(foreignSession(), CONFIGURATION)).toThrow(
      error('ERR_SECURITY_SESSION', 'EINVAL'),
    );
    const session = security.sessionCreate(CONFIGURATION, pool);
    security.sessionDestroy(session);
    expect(() => security.sessionUpdate(session, CONFIGURATION)).toThrow(error('ERR_SECURITY_SESSION', 'EINVAL'));
    expect(driver.calls.map(([name]) => name)).toEqual(['create', 'destroy']);
  });

  it('says what the driver says when it fails', () => {
    const { security, driver, pool } = bench();
    const session = security.sessionCreate(CONFIGURATION, pool);
    driver.fails = true;
    expect(() => security.sessionUpdate(session, CONFIGURATION)).toThrow(REFUSAL);
    expect(security.sessionCount).toBe(1);
  });
});

describe('sessionBytes', () => {
  it('is the length of a session with what the driver wants in it', () => {
    const { security } = bench();
    expect(security.sessionPrivateBytes).toBe(32);
    expect(security.sessionBytes).toBe(SESSION_PRIVATE + 32);
  });
});

describe('sessionStatistics', () => {
  it('asks the driver, once', () => {
    const { security, driver, pool } = bench();
    const session = security.sessionCreate(CONFIGURATION, pool);
    expect(security.sessionStatistics(session)).toEqual(STATISTICS);
    expect(driver.calls.slice(1)).toEqual([['statistics', session.position]]);
  });

  it('refuses when the driver counts nothing', () => {
    const { security, session } = leastBench();
    expect(() => security.sessionStatistics(session)).toThrow(error('ERR_SECURITY_UNSUPPORTED', 'ENOTSUP'));
  });

  it('refuses a session of another context', () => {
    const { security } = bench();
    expect(() => security.sessionStatistics(foreignSession())).toThrow(error('ERR_SECURITY_SESSION', 'EINVAL'));
  });

  it('says what the driver says when it fails', () => {
    const { security, driver, pool } = bench();
    const session = security.sessionCreate(CONFIGURATION, pool);
    driver.fails = true;
    expect(() => security.sessionStatistics(session)).toThrow(REFUSAL);
  });
});

describe('sessionDestroy', () => {
  it('ends the session by the driver, once, and gives it back, wiped', () => {
    const { memory, security, driver, pool } = bench();
    const session = security.sessionCreate({ ...CONFIGURATION, userdata: 1 }, pool);
    security.sessionDestroy(session);
    expect(driver.calls.slice(1)).toEqual([['destroy', session.position]]);
    expect([security.sessionCount, pool.available]).toEqual([0, 4]);
    expect(memory.view(session.position, security.sessionBytes).every((byte) => byte === 0)).toBe(true);
  });

  it('refuses a session of another context, and the same one twice', () => {
    const { security, driver, pool } = bench();
    expect(() => security.sessionDestroy(foreignSession())).toThrow(error('ERR_SECURITY_SESSION', 'EINVAL'));
    const session = security.sessionCreate(CONFIGURATION, pool);
    security.sessionDestroy(session);
    expect(() => security.sessionDestroy(session)).toThrow(error('ERR_SECURITY_SESSION', 'EINVAL'));
    expect(driver.calls).toHaveLength(2);
    expect(pool.available).toBe(4);
  });

  it('leaves the session when the driver fails', () => {
    const { security, driver, pool } = bench();
    const session = security.sessionCreate(CONFIGURATION, pool);
    driver.fails = true;
    expect(() => security.sessionDestroy(session)).toThrow(REFUSAL);
    expect([security.sessionCount, pool.available]).toEqual([1, 3]);
    driver.fails = false;
    security.sessionDestroy(session);
    expect([security.sessionCount, pool.available]).toEqual([0, 4]);
  });
});

describe('setPacketMetadata', () => {
  it('asks the driver, once', () => {
    const { security, driver } = bench();
    expect(security.setPacketMetadata(4096, 8192)).toBe(0);
    expect(driver.calls).toEqual([['metadata', 4096, 8192]]);
  });

  it('is −1 when the driver wants none, and when it cannot have this packet', () => {
    expect(leastBench().security.setPacketMetadata(4096, 8192)).toBe(-1);
    const { security, driver } = bench();
    driver.fails = true;
    expect(security.setPacketMetadata(4096, 8192)).toBe(-1);
  });

  it('copies what is the same for all packets of a session without asking', () => {
    const { memory, security, driver, pool } = bench({ fastMetadata: true });
    const session = security.sessionCreate(CONFIGURATION, pool);
    memory.u32.set([0x01234567, 0x89abcdef], (session.position + SESSION_FAST_METADATA) >> 2);
    const m = PktmbufPool.create(memory, 'mbufs', { count: 1 }).alloc();
    expect(security.setPacketMetadata(session.position, m)).toBe(0);
    const at = (m + securityMetadataField(memory)) >> 2;
    expect([...memory.u32.subarray(at, at + 2)]).toEqual([0x01234567, 0x89abcdef]);
    expect(driver.calls).toHaveLength(1);
  });
});

describe('setPacketMetadataBurst', () => {
  const mbufs = Uint32Array.of(64, 8192, 8256, 128);

  it('asks a driver that has no way for bursts for each packet', () => {
    const { security, driver } = bench();
    expect(security.setPacketMetadataBurst(4096, mbufs, 1, 3)).toBe(2);
    expect(driver.calls).toEqual([
      ['metadata', 4096, 8192],
      ['metadata', 4096, 8256],
    ]);
    driver.fails = true;
    expect(security.setPacketMetadataBurst(4096, mbufs, 1, 3)).toBe(0);
    expect(leastBench().security.setPacketMetadataBurst(4096, mbufs, 0, 4)).toBe(0);
  });
});

describe('the metadata field', () => {
  it('is there as soon as a port can do inline security, eight bytes in every mbuf', () => {
    const memory = Memory.create({ bytes: 4 * 1024 * 1024 });
    expect(hasSecurityMetadataField(memory)).toBe(false);
    new PortSecurity(memory, leastOperations());
    expect(hasSecurityMetadataField(memory)).toBe(true);
    const offset = securityMetadataField(memory);
    expect(offset % 8).toBe(0);
    expect(securityMetadataField(Memory.attach(memory.handle))).toBe(offset);
  });
});

describe('capabilities', () => {
  it('are those of the driver', () => {
    const { security } = bench();
    expect(security.capabilities).toBe(CAPABILITIES);
    const index = {
      action: 'inline-crypto',
      protocol: 'ipsec',
      ipsec: { proto: 'esp', mode: 'tunnel', direction: 'egress' },
    } as const;
    expect(security.capability(index)).toBe(CAPABILITIES[0]);
    expect(security.capability({ ...index, action: 'inline-protocol' })).toBeUndefined();
    expect(leastBench().security.capabilities).toEqual([]);
    expect(leastBench().security.capability(index)).toBeUndefined();
  });
});

describe('the context of a port', () => {
  it('is what its driver has, or undefined', () => {
    const { security } = bench();
    expect(getSecurityContext({ securityContext: security })).toBe(security);
    expect(getSecurityContext({ securityContext: undefined })).toBeUndefined();
  });
});
