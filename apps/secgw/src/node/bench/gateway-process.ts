import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { SetupError } from '@inline-ipsec/eal/errors';
import { SentLines, sentRate } from '../../bench/sent-lines.ts';

/** A gateway that is measured from outside, by its statistics screens. */
export interface GatewayProcess {
  /** As it is called in messages. */
  readonly name: string;
  /** Program and first words. */
  readonly program: readonly string[];
  /** The command line of the gateway itself, which has it print statistics. */
  readonly words: readonly string[];
  readonly folder: string;
  /** Screens after the first one, which ends the warm-up. */
  readonly screens: number;
  /** It is given up after so many milliseconds. */
  readonly patience: number;
}

/** What {@link measureGateway} saw. */
export interface GatewayMeasurement {
  readonly packetsPerSecond: number;
  /** Resident memory at the end, in MiB; 0 where the system does not tell. */
  readonly residentMiB: number;
}

/** A signal that was not heeded within this time is followed by one that cannot be ignored, in milliseconds. */
const GRACE = 5000;

/**
 * Runs a gateway until it has printed its screens, and ends it by SIGINT.
 *
 * @throws SetupError `ERR_BENCH_PROCESS` (EIO) with what it said last, when it ends or hangs before
 */
export function measureGateway(gateway: GatewayProcess): Promise<GatewayMeasurement> {
  const { name, program, words, folder, screens, patience } = gateway;
  const [file, ...first] = program;
  return new Promise((resolve, reject) => {
    // Where DPDK locks its file prefix: another run of the same command line must not keep this one from starting.
    const env = { ...process.env, RUNTIME_DIRECTORY: folder };
    const child = spawn(file, [...first, ...words], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const lines = new SentLines();
    let said = '';
    let residentMiB = 0;
    let stopping = false;
    let force: NodeJS.Timeout | undefined;
    const stop = () => {
      if (stopping) return;
      stopping = true;
      residentMiB = residentOf(child.pid);
      child.kill('SIGINT');
      force = setTimeout(() => child.kill('SIGKILL'), GRACE);
    };
    const giveUp = setTimeout(stop, patience);
    const hear = (text: string) => {
      said = (said + text).slice(-2000);
    };
    child.stderr.setEncoding('utf8').on('data', hear);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      hear(text);
      if (stopping) return;
      lines.push(text, performance.now());
      if (lines.samples.length > screens) stop();
    });
    const end = (settle: () => void) => {
      clearTimeout(giveUp);
      clearTimeout(force);
      settle();
    };
    child.on('error', (error) => end(() => reject(failed(name, error.message))));
    child.on('close', () => {
      const packetsPerSecond = sentRate(lines.samples);
      end(() => {
        if (packetsPerSecond === undefined) reject(failed(name, said.trim().split('\n').slice(-3).join(' / ')));
        else resolve({ packetsPerSecond, residentMiB });
      });
    });
  });
}

/** Programs buffer what goes into a pipe; run like this they write line by line. */
export function unbuffered(program: string): string[] {
  const found = spawnSync('stdbuf', ['--version']).status === 0;
  return found ? ['stdbuf', '-oL', program] : [program];
}

function residentOf(pid: number | undefined): number {
  try {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return Number(kib?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function failed(name: string, got: string): SetupError {
  return new SetupError({
    code: 'ERR_BENCH_PROCESS',
    errno: 'EIO',
    message: `${name} printed too few statistics screens`,
    got: got === '' ? 'nothing at all' : got,
  });
}
