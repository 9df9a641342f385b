import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The built command `ipsec-secgw` as a process of its own, as a user starts it. */

const APPLICATION = join(dirname(dirname(fileURLToPath(import.meta.url))), 'apps', 'secgw');

/** The executable file itself. */
export const COMMAND: string = join(APPLICATION, 'bin', 'ipsec-secgw');

/** A gateway that does not end within this time has failed, in milliseconds. */
const PATIENCE = 50_000;

/** How a process ended, and all that it said. */
export interface Ending {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A gateway that runs. */
export class GatewayProcess {
  /** Settles when it has ended and its output is complete. */
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';
  #listeners: (() => void)[] = [];
  #over = false;

  /**
   * Starts `ipsec-secgw` with these words.
   *
   * @param variables are added to its environment
   * @param through a program and its arguments that become the gateway, such as `ip netns exec NAME`
   * @throws Error when it has not been built
   */
  constructor(
    folder: string,
    words: readonly string[],
    variables: Readonly<Record<string, string>> = {},
    through: readonly string[] = [],
  ) {
    if (!existsSync(join(APPLICATION, 'dist', 'ipsec-secgw.js'))) {
      throw new Error('apps/secgw/dist/ipsec-secgw.js is not there: build it with `npm run setup`');
    }
    const env = { ...process.env, ...variables };
    const [program, ...all] = [...through, COMMAND, ...words];
    const child = spawn(program, all, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#tell();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#tell();
    });
    const impatience = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, signal) => {
        clearTimeout(impatience);
        this.#over = true;
        this.#tell();
        resolve({ status, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  /** The number of the process: that of the gateway itself. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Waits until it has written `text`, to either stream, at least `times` times. */
  async wrote(text: string, times = 1): Promise<void> {
    const found = () => `${this.#stdout}\n${this.#stderr}`.split(text).length > times;
    while (!found()) {
      if (this.#over) throw new Error(`it ended without “${text}”:\n${this.#stdout}\n${this.#stderr}`);
      await new Promise<void>((resolve) => this.#listeners.push(resolve));
    }
    // What it wrote to the other stream before is taken in this turn of the event loop, but maybe not yet.
    await new Promise(setImmediate);
  }

  signal(name: 'SIGINT' | 'SIGTERM'): void {
    this.#child.kill(name);
  }

  /** Closes our end of the pipe that it writes its standard output into. */
  closeStdout(): void {
    this.#child.stdout?.destroy();
  }

  #tell(): void {
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

/** Runs a gateway to its end. */
export function runGateway(folder: string, words: readonly string[]): Promise<Ending> {
  return new GatewayProcess(folder, words).ended;
}

/** What {@link captureWords} needs, as paths. */
export interface CaptureRunOptions {
  readonly configuration: string;
  /** Clear packets, into port 0. */
  readonly clear?: string;
  /** ESP packets, into port 1. */
  readonly esp?: string;
  /** What port 0 and port 1 send. Default `out0.pcap` and `out1.pcap`. */
  readonly out?: readonly [string, string];
  /** Ports are the two of a modelled 82599 instead of software ports. */
  readonly cards?: boolean;
  /** More words for the EAL, and for the gateway itself. */
  readonly eal?: readonly string[];
  readonly options?: readonly string[];
}

/** The command line of a gateway from captures to captures: port 0 is protected, port 1 is not. It ends when idle. */
export function captureWords(run: CaptureRunOptions): string[] {
  const ports = [run.clear, run.esp].flatMap((input, port) => {
    const device = run.cards === true ? ['-a', `06:00.${port},wire=pcap`] : ['--vdev', `net_pcap${port}`];
    const rx = input === undefined ? '' : `,rx_pcap=${input}`;
    return [device[0], `${device[1]}${rx},tx_pcap=${run.out?.[port] ?? `out${port}.pcap`}`];
  });
  return [
    ...['-l', '0', ...ports, ...(run.eal ?? [])],
    ...['--', '-p', '0x3', '-P', '-u', '0x2', '--config=(0,0,0),(1,0,0)', '-f', run.configuration],
    ...['--until-idle', ...(run.options ?? [])],
  ];
}
