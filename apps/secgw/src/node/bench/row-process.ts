import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import type { Row } from '../../bench/report.ts';
import type { Scenario } from '../../bench/scenario.ts';
import type { RowSpec } from '../../bench/sections.ts';
import type { Budget } from '../../bench/subject.ts';

const run = promisify(execFile);

/** Of ten thousand frames of the longest kind, and more. */
const MOST_CAPTURE_BYTES = 1 << 26;

/**
 * Measures a row in a process of its own: what the compiler has learnt from one row must not be what the next one is
 * measured with, and one row's heap is not another's.
 *
 * @param command our own command: program and first words
 * @throws Error with what the process said, when it fails
 */
export async function rowInProcess(command: readonly string[], spec: RowSpec, budget: Budget): Promise<Row> {
  const [program, ...words] = command;
  const { rounds, seconds, packets } = budget;
  const limits = Number.isFinite(packets) ? ['--packets', String(packets)] : [];
  const row = ['bench', '--row', JSON.stringify(spec), '--rounds', String(rounds), '--seconds', String(seconds)];
  try {
    const { stdout } = await run(program, [...words, ...row, ...limits], { maxBuffer: 1 << 20 });
    return JSON.parse(stdout) as Row;
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    throw new Error(stderr.trim() === '' ? message : stderr.trim().split('\n').slice(0, 3).join(' '));
  }
}

/** Makes a capture in a process of its own; see `captureFor`. Waits for it. */
export function captureInProcess(command: readonly string[], scenario: Scenario, least: number): Uint8Array {
  const [program, ...words] = command;
  const request = ['bench', '--capture', JSON.stringify(scenario), '--packets', String(least)];
  return execFileSync(program, [...words, ...request], { maxBuffer: MOST_CAPTURE_BYTES });
}
