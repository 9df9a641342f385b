import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, ftruncateSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { Worker } from 'node:worker_threads';
import { parseDeviceArguments } from '@inline-ipsec/eal/device-arguments';
import { SetupError } from '@inline-ipsec/eal/errors';
import { MFD_CLOEXEC, systemCalls } from '@inline-ipsec/eal/linux/system-calls';
import { parsePciAddress } from '@inline-ipsec/eal/pci-address';
import { BAR0_BYTES } from '@inline-ipsec/ixgbe/silicon/register-map';
import type { CardTraceRequest } from '../card-trace-output.ts';
import { ControlWords, STOP_IDLE } from '../control-words.ts';
import { allowedProcessors } from '../processor-affinity.ts';
import { DeviceFolders } from './device-folders.ts';
import { processorBeside, readForeignWords } from './foreign-words.ts';
import { siliconReportText } from './silicon-report.ts';
import type { SiliconThreadData, SiliconThreadMessage } from './silicon-thread.ts';

/** What is said on the command line. */
export interface SiliconOptions {
  /** The devices, as they are written: `06:00.0,wire=…`. */
  readonly allow: readonly string[];
  readonly hugeDir?: string | undefined;
  readonly filePrefix?: string | undefined;
  /** Milliseconds; default 0. */
  readonly quiet?: number | undefined;
  /** A file for what the cards see; {@link json} and {@link only} are about it. */
  readonly trace?: string | undefined;
  readonly json?: boolean;
  readonly only?: CardTraceRequest['only'];
}

/** The exit status when a card failed while the command ran, as `env` and `timeout` have it for their own failures. */
export const CARDS_FAILED = 125;
/** Milliseconds that the command of a card that failed has to end by itself. */
const GRACE = 5000;

/** The most hugepages of a command that have room in the memory beside the cards. */
const MOST_PAGES = 880;

/**
 * Plays modelled cards for a foreign driver: makes the device folders, runs the command so that it finds them, and reports
 * what the cards saw.
 *
 * @param command a program and its arguments; empty: it says how to start one by hand, and plays until a signal comes
 * @param program the module that the thread of the cards runs
 * @returns the command's exit status, or 128 and the number of the signal that ended it; {@link CARDS_FAILED} when a card
 * could not go on: the command is ended then
 * @throws SetupError when cards or namespace cannot be had
 */
export async function siliconCommand(
  options: SiliconOptions,
  command: readonly string[],
  program: URL,
): Promise<number> {
  requireRoot();
  const devices = options.allow.map(deviceOf);
  const foreign = readForeignWords(command);
  const hugeFolder = options.hugeDir ?? foreign.hugeFolder ?? mountedHugetlbfs();
  const filePrefix = options.filePrefix ?? foreign.filePrefix ?? 'rte';
  const descriptors = devices.map(({ name }) => makeBar0(name));
  const undo: (() => void)[] = [() => descriptors.forEach((descriptor) => void closeSync(descriptor))];
  // Until there is a command that ends by itself, a signal ends all of this.
  const signals = new SignalQueue();
  undo.push(() => signals.release());
  try {
    const folders = new DeviceFolders(
      devices.map(({ name }, i) => ({ address: name, bar0: `/proc/${process.pid}/fd/${descriptors[i]}` })),
    );
    undo.push(() => folders.remove());
    const control = new ControlWords();
    const thread = new SiliconThread(program, {
      thread: 'ipsec-secgw silicon',
      cards: devices.map(({ text }, i) => ({ device: text, descriptor: descriptors[i] })),
      hugeFolder,
      filePrefix,
      pages: hugepages(),
      quietMilliseconds: options.quiet ?? 0,
      ...processorBeside(allowedProcessors(), foreign),
      control: control.buffer,
      trace: traceOf(options),
    });
    undo.push(() => control.requestStop(STOP_IDLE));
    const refused = await thread.ready;
    if (refused !== undefined) {
      process.stderr.write(refused);
      return 1;
    }
    let failed = false;
    void thread.failure.then((text) => {
      failed = true;
      process.stderr.write(text);
      signals.endAll();
    });
    let status = 0;
    if (command.length === 0) {
      process.stdout.write(byHandText(folders, hugeFolder, filePrefix));
      await signals.next();
    } else status = await runCommand([...folders.through, ...command], signals);
    control.requestStop(STOP_IDLE);
    process.stdout.write(await thread.report);
    return failed ? CARDS_FAILED : status;
  } finally {
    for (const step of undo.reverse()) step();
  }
}

function traceOf({ trace, json = false, only }: SiliconOptions): CardTraceRequest | undefined {
  if (trace === undefined) return undefined;
  return { json, output: trace, ...(only === undefined ? {} : { only }) };
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new SetupError({
    code: 'ERR_SILICON_ROOT',
    errno: 'EPERM',
    message: 'cards for a foreign driver can be played by root only',
    expected: 'the right to mount, and to see physical addresses',
    remedy: 'run it as root',
  });
}

/** A device with its address in full. */
function deviceOf(text: string): { readonly name: string; readonly text: string } {
  const device = parseDeviceArguments(text);
  const name = parsePciAddress(device.name);
  if (name === undefined) {
    throw new SetupError({
      code: 'ERR_SILICON_DEVICE',
      errno: 'EINVAL',
      message: 'a card has a PCI address',
      expected: '-a 06:00.0,wire=…',
      got: device.name,
    });
  }
  return { name, text: [name, ...device.text.split(',').slice(1)].join(',') };
}

/** A file without a name for BAR0. Nothing of it is left when the last program that maps it ends. */
function makeBar0(name: string): number {
  const calls = systemCalls();
  const descriptor = calls.memfdCreate(`BAR0 of ${name}`, MFD_CLOEXEC);
  if (descriptor < 0) {
    throw new SetupError({
      code: 'ERR_SILICON_BAR',
      errno: 'ENOMEM',
      message: `there is no memory for BAR0 of ${name}`,
      got: calls.errno(),
    });
  }
  ftruncateSync(descriptor, BAR0_BYTES);
  return descriptor;
}

/** The first hugetlbfs that is mounted, as EAL would take it. */
function mountedHugetlbfs(): string {
  const lines = readFileSync('/proc/mounts', 'utf8').split('\n');
  const found = lines
    .map((line) => line.split(' '))
    .find(([, , type, how]) => type === 'hugetlbfs' && !/=1024M/.test(how));
  if (found !== undefined) return found[1];
  throw new SetupError({
    code: 'ERR_HUGE_FOLDER',
    errno: 'ENOENT',
    message: 'no hugetlbfs is mounted, and the memory of a foreign driver must be in one',
    remedy: 'mkdir -p /mnt/huge && mount -t hugetlbfs -o pagesize=2M none /mnt/huge && sysctl vm.nr_hugepages=256',
  });
}

/** As many as the system may have of 2 MiB, up to what has room. */
function hugepages(): number {
  const folder = '/sys/kernel/mm/hugepages/hugepages-2048kB';
  const number = (name: string): number => Number(readFileSync(`${folder}/${name}`, 'utf8'));
  const pages = number('nr_hugepages') + number('nr_overcommit_hugepages');
  if (pages > 0) return Math.min(pages, MOST_PAGES);
  throw new SetupError({
    code: 'ERR_HUGE_PAGES',
    errno: 'ENOMEM',
    message: 'the system has no hugepages, and the memory of a foreign driver must be in some',
    remedy: 'sysctl vm.nr_hugepages=256',
  });
}

function byHandText(folders: DeviceFolders, hugeFolder: string, filePrefix: string): string {
  return `The cards are there, until this program ends. Start a driver for them as root, on another terminal:

  ${folders.through.join(' ')} \\
    dpdk-testpmd --lcores '0@0,1@0' --huge-dir ${hugeFolder} --file-prefix ${filePrefix} -m 256 -- -i

Its memory must be in ${hugeFolder}/${filePrefix}map_*: --huge-dir and --file-prefix are as here.
`;
}

/** Runs the command and passes on signals that only this process got. */
async function runCommand(words: readonly string[], signals: SignalQueue): Promise<number> {
  const [program, ...rest] = words;
  const child = spawn(program, rest, { stdio: 'inherit' });
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
  signals.pass(child);
  return await ended;
}

/** Signals that would end this process: they are kept, or passed on, and do not. */
class SignalQueue {
  readonly #names: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  readonly #listener = (name: NodeJS.Signals): void => this.#take(name);
  #early: NodeJS.Signals | undefined;
  #waiting: (() => void) | undefined;
  #child: ChildProcess | undefined;
  #force: NodeJS.Timeout | undefined;

  constructor() {
    for (const name of this.#names) process.on(name, this.#listener);
  }

  /** Resolves when one came, or has come before. */
  async next(): Promise<void> {
    if (this.#early !== undefined) return;
    await new Promise<void>((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** From now on they go to a program. */
  pass(child: ChildProcess): void {
    this.#child = child;
    if (this.#early !== undefined) child.kill(this.#early);
  }

  /** Acts as if SIGTERM had come, and kills a program that does not heed it. */
  endAll(): void {
    this.#take('SIGTERM');
    this.#force = setTimeout(() => this.#child?.kill('SIGKILL'), GRACE);
  }

  release(): void {
    clearTimeout(this.#force);
    for (const name of this.#names) process.off(name, this.#listener);
  }

  #take(name: NodeJS.Signals): void {
    this.#early ??= name;
    this.#waiting?.();
    // What is typed at a terminal goes to the whole process group, so the program has it already.
    if (name === 'SIGINT' && process.stdin.isTTY) return;
    this.#child?.kill(name);
  }
}

/** The thread of the cards, by what it posts. */
class SiliconThread {
  /** Undefined when the cards are there, else why they are not. */
  readonly ready: Promise<string | undefined>;
  /** Resolves when a card cannot go on, with the reason; a report follows. */
  readonly failure: Promise<string>;
  /** The end report. Empty when there was no thread any more to give one. */
  readonly report: Promise<string>;

  constructor(program: URL, workerData: SiliconThreadData) {
    const thread = new Worker(program, { workerData });
    this.ready = new Promise((resolve, reject) => {
      thread.on('error', reject);
      thread.on('message', (message: SiliconThreadMessage) => {
        if (message.kind === 'ready') resolve(undefined);
        else if (message.kind === 'refused') resolve(message.text);
      });
    });
    this.failure = new Promise((resolve) => {
      thread.on('error', ({ stack }) => resolve(`${stack}\n`));
      thread.on('message', (message: SiliconThreadMessage) => {
        if (message.kind === 'failed') resolve(message.text);
      });
    });
    this.report = new Promise((resolve) => {
      thread.on('error', () => resolve(''));
      thread.on('message', (message: SiliconThreadMessage) => {
        if (message.kind === 'report') resolve(siliconReportText(message.cards));
      });
    });
  }
}
