import type { Engine, EngineFactory } from '@inline-ipsec/cryptodev/engine';
import { JOB_BYTES, JOB_SOURCE, JOB_STATUS, STATUS_ERROR, STATUS_SUCCESS } from '@inline-ipsec/cryptodev/job';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { createOpensslEngine } from '@inline-ipsec/cryptodev/openssl';
import type { Memory } from '@inline-ipsec/eal/memory';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { describe, expect, it } from 'vitest';
import { clearFrame } from '../bench/traffic.ts';
import { CaptureRun } from './capture-run.ts';
import type { Platform } from './start-gateway.ts';

/** An engine that fails in the middle of the work costs the packets that it fails, and nothing else. */

const SA = `aead_algo aes-128-gcm aead_key 2b:7e:15:16:28:ae:d2:a6:ab:f7:15:88:09:cf:4f:3d:de:ad:be:ef \\
mode ipv4-tunnel src 172.16.1.5 dst 172.16.2.5 \\
type no-offload \\

`;
const CONFIGURATION = `sp ipv4 out esp protect 1005 pri 1 dst 192.168.105.0/24 sport 0:65535 dport 0:65535
sa out 1005 ${SA}sa in 1005 ${SA}rt ipv4 dst 172.16.2.5/32 port 1
rt ipv4 dst 192.168.105.10/32 port 0
`;
/** Two whole bursts and a part of one. */
const FRAMES = 80;
/** Frames that differ in length, so that each is known again. */
const CLEAR = Array.from({ length: FRAMES }, (_, i) => clearFrame(64 + i));

interface Fault {
  /** Set once the gateway runs: at the start there are known-answer tests. */
  armed: boolean;
  /**
   * Is asked about each burst of jobs once they are done.
   *
   * @returns how many jobs of them succeeded
   */
  readonly spoil: (memory: Memory, jobs: number, count: number, burst: number) => number;
}

/** An engine that does its work and then has something happen to it. */
function failing(create: EngineFactory, fault: Fault): EngineFactory {
  let bursts = 0;
  return (memory): Engine => {
    const engine = create(memory);
    return {
      name: engine.name,
      memory,
      capabilities: engine.capabilities,
      createSession: (transform) => engine.createSession(transform),
      destroySession: (session) => engine.destroySession(session),
      process: (jobs, count) => {
        const succeeded = engine.process(jobs, count);
        return fault.armed ? fault.spoil(memory, jobs, count, bursts++) : succeeded;
      },
      close: () => engine.close(),
    };
  };
}

/** Jobs that end in an error, and what else a library that stops half-way may have done. */
function failJob(memory: Memory, jobs: number, index: number): void {
  const job = (jobs + index * JOB_BYTES) >> 2;
  memory.u32[job + (JOB_STATUS >> 2)] = STATUS_ERROR;
  const source = memory.u32[job + (JOB_SOURCE >> 2)];
  memory.u8.fill(0xee, source + 16, source + 40);
}

interface Outcome {
  readonly sent: Uint8Array[];
  readonly drops: Record<string, number>;
}

function run(into: { clear?: Uint8Array[]; esp?: Uint8Array[] }, fault?: Fault, ...options: string[]): Outcome {
  const openssl = fault === undefined ? createOpensslEngine : failing(createOpensslEngine, fault);
  const bench = new CaptureRun({ openssl });
  const { files } = bench.files;
  files.set('a.cfg', new TextEncoder().encode(CONFIGURATION));
  files.set('clear.pcap', writePcap((into.clear ?? []).map((data) => ({ data }))));
  files.set('esp.pcap', writePcap((into.esp ?? []).map((data) => ({ data }))));
  const gateway = bench.start([
    ...['-m', '64', '--vdev', 'net_pcap0,rx_pcap=clear.pcap,tx_pcap=out0.pcap'],
    ...['--vdev', 'net_pcap1,rx_pcap=esp.pcap,tx_pcap=out1.pcap', '--vdev', 'crypto_openssl0'],
    ...['--', '-p', '0x3', '-P', '-u', '0x2', '--config=(0,0,0),(1,0,0)', '-f', 'a.cfg', ...options],
  ]);
  if (fault !== undefined) fault.armed = true;
  bench.finish(gateway);
  const drops = gateway.drops();
  gateway.stop();
  expect(gateway.pool.inUseCount).toBe(0);
  const out = into.clear === undefined ? 'out0.pcap' : 'out1.pcap';
  return { sent: readCapture(files.get(out) as Uint8Array).map(({ data }) => data), drops };
}

const without = <Item>(all: readonly Item[], ...lost: readonly number[]) => all.filter((_, i) => !lost.includes(i));
const ENCRYPTED = run({ clear: CLEAR }).sent;
const DECRYPTED = run({ esp: ENCRYPTED }).sent;

/** Fails some jobs of some bursts: the last number is the burst. */
const failSome = (...faults: readonly (readonly [job: number, burst: number])[]): Fault => ({
  armed: false,
  spoil: (memory, jobs, count, burst) => {
    const hit = faults.filter(([, at]) => at === burst);
    for (const [job] of hit) failJob(memory, jobs, job);
    return count - hit.length;
  },
});

describe('an engine that reports an error on one job', () => {
  it.each([
    ['the first of a burst', 0],
    ['one in the middle', 13],
    ['the last of a burst', 31],
  ])('costs that packet alone, on the way out: %s', (_what, job) => {
    const { sent, drops } = run({ clear: CLEAR }, failSome([job, 1]));
    expect(drops).toEqual({ crypto_error: 1 });
    // The others leave in order, each as it would have without the fault, sequence number and ICV included.
    expect(sent).toEqual(without(ENCRYPTED, 32 + job));
  });

  it.each([
    ['the first of a burst', 0],
    ['one in the middle', 13],
    ['the last of a burst', 31],
  ])('costs that packet alone, on the way in: %s', (_what, job) => {
    const { sent, drops } = run({ esp: ENCRYPTED }, failSome([job, 1]), '-w', '128');
    expect(drops).toEqual({ crypto_error: 1 });
    expect(sent).toEqual(without(DECRYPTED, 32 + job));
  });

  it('does so for each of several bursts', () => {
    const { sent, drops } = run({ clear: CLEAR }, failSome([3, 0], [4, 0], [30, 1], [15, 2]));
    expect(drops).toEqual({ crypto_error: 4 });
    expect(sent).toEqual(without(ENCRYPTED, 3, 4, 62, 79));
  });

  it('leaves the replay window as it was: the packet may come again', () => {
    const again = [...ENCRYPTED.slice(0, 32), ENCRYPTED[7], ENCRYPTED[8]];
    const { sent, drops } = run({ esp: again }, failSome([7, 0]), '-w', '64');
    expect(drops).toEqual({ crypto_error: 1, replay: 1 });
    expect(sent).toEqual([...without(DECRYPTED.slice(0, 32), 7), DECRYPTED[7]]);
  });
});

describe('an engine that has no room for a whole burst', () => {
  const outOfSlots = (slots: number): Fault => ({
    armed: false,
    spoil: (memory, jobs, count, burst) => {
      if (burst !== 0) return count;
      for (let job = slots; job < count; job++) failJob(memory, jobs, job);
      return slots;
    },
  });

  it.each([0, 1, 20])('loses what is beyond its %i jobs, and goes on with the next burst', (slots) => {
    const { sent, drops } = run({ clear: CLEAR }, outOfSlots(slots));
    expect(drops).toEqual({ crypto_error: 32 - slots });
    expect(sent).toEqual([...ENCRYPTED.slice(0, slots), ...ENCRYPTED.slice(32)]);
  });

  it('is not believed when it looks at no job at all, whatever statuses are left from before', () => {
    const deaf: Fault = {
      armed: false,
      spoil: (memory, jobs, count, burst) => {
        if (burst !== 1) return count;
        for (let job = 0; job < count; job++) memory.u32[(jobs + job * JOB_BYTES + JOB_STATUS) >> 2] = STATUS_SUCCESS;
        return 0;
      },
    };
    const { sent, drops } = run({ clear: CLEAR }, deaf);
    expect(drops).toEqual({ crypto_error: 32 });
    expect(sent).toEqual([...ENCRYPTED.slice(0, 32), ...ENCRYPTED.slice(64)]);
  });
});

describe('an engine that gives a wrong answer when it is opened', () => {
  /** Wrong by one bit, in jobs that it calls good. */
  const wrong: EngineFactory = failing(createNobleEngine, {
    armed: true,
    spoil: (memory, jobs, count) => {
      memory.u8[memory.u32[(jobs + JOB_SOURCE) >> 2]] ^= 1;
      return count;
    },
  });

  const start = (engines: NonNullable<Platform['engines']>, ...words: string[]) => {
    const bench = new CaptureRun(engines);
    bench.files.files.set('a.cfg', new TextEncoder().encode(CONFIGURATION));
    bench.files.files.set('clear.pcap', writePcap(CLEAR.map((data) => ({ data }))));
    const gateway = bench.start([
      ...['-m', '64', '--vdev', 'net_pcap0,rx_pcap=clear.pcap', '--vdev', 'net_pcap1,tx_pcap=out1.pcap', ...words],
      ...['--', '-p', '0x3', '-P', '-u', '0x2', '--config=(0,0,0),(1,0,0)', '-f', 'a.cfg'],
    ]);
    bench.finish(gateway);
    gateway.stop();
    const sent = readCapture(bench.files.files.get('out1.pcap') as Uint8Array).map(({ data }) => data);
    return { sent, said: bench.environment.written.stderr };
  };

  it('is refused by name, and the next best serves', () => {
    const { sent, said } = start({ ipsecMb: wrong, openssl: createOpensslEngine });
    expect(said).toMatch(/engine openssl serves and not ipsec-mb: engine noble failed its self-test of \S+/);
    expect(sent).toEqual(ENCRYPTED);
  });

  it('is refused again and again, down to the one that everybody has', () => {
    const { sent, said } = start({ ipsecMb: wrong, openssl: wrong });
    expect(said).toMatch(/engine noble serves and not ipsec-mb: .*self-test.* and not openssl: .*self-test/);
    expect(sent).toEqual(ENCRYPTED);
  });

  it('ends the start where a vdev asks for it', () => {
    expect(() => start({ openssl: wrong }, '--vdev', 'crypto_openssl0')).toThrow(
      /crypto device crypto_openssl0 cannot be had: .*failed its self-test/,
    );
  });
});
