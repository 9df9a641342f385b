import { spawnSync } from 'node:child_process';
import { noSystemCalls } from '@inline-ipsec/eal/linux/system-calls';
import { onTestFinished } from 'vitest';
import { type ForeignProgram, lookFor, runForeign } from './foreign-programs.ts';

/** Network namespaces, so that tests of interfaces touch none of the machine's, and not each other's. */

const PROBE = `probe-${process.pid}`;

/** Whether there are namespaces and TAP interfaces to be had: as root, on Linux, with /dev/net/tun and koffi. */
export const TAP_INTERFACES: ForeignProgram = lookForTap();

function lookForTap(): ForeignProgram {
  const missing = noSystemCalls();
  if (missing !== undefined) return { here: false, note: ` (skipped: ${missing.message})` };
  return lookFor(
    'TAP interfaces in network namespaces (root, /dev/net/tun, iproute2)',
    ...(['sh', '-c'] as const),
    `ip netns add ${PROBE} && { ip netns exec ${PROBE} ip tuntap add t0 mode tap; e=$?; ip netns del ${PROBE}; exit $e; }`,
  );
}

let made = 0;

/** A network namespace, made in a test and deleted with all that is in it when that test is over. */
export class NetworkNamespace {
  readonly name: string = `secgw-${process.pid}-${made++}`;

  constructor() {
    runForeign('/', 'ip', ['netns', 'add', this.name]);
    onTestFinished(() => void spawnSync('ip', ['netns', 'del', this.name]));
    // The kernel greets neighbours on every new interface, which tests would take for answers.
    const quiet = ['all', 'default'].map((what) => `net.ipv6.conf.${what}.disable_ipv6=1`);
    spawnSync('ip', ['netns', 'exec', this.name, 'sysctl', '-qw', ...quiet]);
    this.ip('link set lo up');
  }

  /** What goes before a program to run it in here. */
  get through(): string[] {
    return ['ip', 'netns', 'exec', this.name];
  }

  /** Runs `ip` with these words for this namespace; several commands with `;` between them. */
  ip(commands: string): void {
    for (const command of commands.split(';')) {
      runForeign('/', 'ip', ['-n', this.name, ...command.trim().split(/\s+/)]);
    }
  }

  /** Runs a program in here to its end and gives what it printed. */
  run(folder: string, program: string, words: readonly string[]): string {
    return runForeign(folder, 'ip', ['netns', 'exec', this.name, program, ...words]);
  }

  /** What is known of an interface; undefined when there is none of that name. */
  link(name: string): InterfaceState | undefined {
    const { status, stdout } = spawnSync('ip', ['-n', this.name, '-j', '-d', 'link', 'show', name], {
      encoding: 'utf8',
    });
    return status === 0 ? (JSON.parse(stdout)[0] as InterfaceState) : undefined;
  }
}

/** Some of what `ip -j -d link` tells. */
export interface InterfaceState {
  readonly address: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: Record<string, unknown> };
}
