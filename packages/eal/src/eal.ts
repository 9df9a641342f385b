/**
 * The environment abstraction layer: what an application starts with (DPDK: `rte_eal_init`).
 *
 * It reads the EAL's options, makes the memory, counts the lcores and probes the devices. It starts no threads: who
 * runs the lcores is the application's choice, and until {@link enterLcore} is called a thread is none of them. There
 * are no secondary processes, no NUMA nodes, no interrupts and no alarms.
 */
import { type Bus, type DeviceDriver, plugDevices, type RefusedDevice } from './bus.ts';
import type { Environment } from './environment.ts';
import { SetupError } from './errors.ts';
import { MAX_LCORE } from './lcore.ts';
import type { LcoreAssignment } from './lcore-list.ts';
import { Log, type LogType } from './log.ts';
import { Memory } from './memory.ts';
import { type EalOptions, ealUsage, parseEalOptions } from './options.ts';
import { StepList } from './step-list.ts';

/** The size of the memory when no option gives one. */
export const DEFAULT_MEMORY_MIB = 256;

/** The largest memory that options can ask for. */
export const MAX_MEMORY_MIB = 2047;

const MIB = 1024 * 1024;

/** What else the options say of the memory, for who makes it. */
export interface MemoryRequest {
  /** False with `--no-huge`. */
  readonly hugepages: boolean;
  /** Where it may say what it made. */
  readonly log: LogType;
}

/** What {@link Eal.init} needs. */
export interface EalInit {
  /** The command line, program name first. What follows `--` is the application's. */
  readonly argv: readonly string[];
  readonly environment: Environment;
  /** The drivers, in the order in which they are asked for a device. */
  readonly drivers?: readonly DeviceDriver[];
  /** The memory, or what makes it in the size that the options say. Default: {@link Memory.create}. */
  readonly memory?: Memory | ((bytes: number, request: MemoryRequest) => Memory);
  /** How many processors there are. Default: what the environment says. */
  readonly processors?: number | undefined;
  /** What `-v` prints, such as `ipsec-secgw 1.0.0`. */
  readonly version?: string;
}

/** A started EAL. */
export class Eal {
  readonly options: EalOptions;
  readonly environment: Environment;
  readonly memory: Memory;
  readonly log: Log;
  /** The ids of the lcores, ascending (DPDK: `RTE_LCORE_FOREACH`). */
  readonly lcores: readonly number[];
  /** The lcore that begins (DPDK: `rte_get_main_lcore`). */
  readonly mainLcore: number;
  /** The index in `argv` of the first argument of the application. */
  readonly consumed: number;
  /** The command line that is left for the application: the program's name and what follows `--`. */
  readonly applicationArgv: readonly string[];
  /** What must be stepped, and by which lcore. */
  readonly steps: StepList = new StepList();
  readonly #assignments: readonly LcoreAssignment[];
  readonly #buses: readonly Bus[];
  readonly #messages: LogType;
  #cleanedUp = false;

  private constructor(init: EalInit) {
    const { argv, environment, drivers = [], processors = environment.processors } = init;
    const { options, consumed } = parseEalOptions(argv);
    this.options = options;
    this.environment = environment;
    this.consumed = consumed;
    this.applicationArgv = [...argv.slice(0, 1), ...argv.slice(consumed)];
    this.log = new Log(environment, { timestamp: options.logTimestamp, color: options.logColor === 'always' });
    for (const rule of options.logLevels) this.log.setLevel(rule);
    this.#messages = this.log.type('EAL', 'lib.eal');

    requirePrimary(options);
    this.#assignments = assignLcores(options, processors);
    this.lcores = this.#assignments.map(({ id }) => id);
    this.mainLcore = options.mainLcore ?? this.lcores[0];
    this.#buses = plugDevices(options, drivers, this.#messages);
    const bytes = memoryMiB(options, this.#messages) * MIB;
    const request: MemoryRequest = { hugepages: options.hugepages, log: this.#messages };
    this.memory =
      typeof init.memory === 'function' ? init.memory(bytes, request) : (init.memory ?? Memory.create({ bytes }));

    if (options.version) this.#messages.notice(`RTE Version: '${init.version ?? 'inline-ipsec'}'`);
    if (processors !== undefined) this.#messages.info(`Detected CPU lcores: ${processors}`);
    this.#reportLcores(processors);
    for (const option of options.withoutEffect) this.#messages.debug(`Option ${option} changes nothing here`);
  }

  /**
   * Starts the EAL (DPDK: `rte_eal_init`). All that a user can put right is checked before the memory is made. A device
   * whose driver refuses it is logged, and the application sees fewer ports; {@link refused} tells it.
   *
   * With `-h` the options are printed to stdout and nothing is probed; the application, told by `options.help`, adds
   * its own and ends.
   *
   * @throws SetupError what {@link parseEalOptions} and {@link plugDevices} throw, `ERR_EAL_PROCESS_TYPE` (ENOTSUP) for
   * a secondary process, `ERR_EAL_MAIN_LCORE` and `ERR_EAL_LCORES` (EINVAL), and what making the memory throws
   */
  static init(init: EalInit): Eal {
    const eal = new Eal(init);
    if (eal.options.help) init.environment.write('stdout', `${ealUsage().join('\n')}\n`);
    else eal.probe();
    return eal;
  }

  /** The buses in the order of their probing: PCI, then virtual. */
  get buses(): readonly Bus[] {
    return this.#buses;
  }

  /** The devices that were refused, each with the reason, in the order of their probing. */
  get refused(): readonly RefusedDevice[] {
    return this.#buses.flatMap((bus) => bus.refused);
  }

  /** The processors that an lcore may run on, ascending; empty for an id that is no lcore (DPDK: `rte_lcore_cpuset`). */
  processorsOf(lcore: number): readonly number[] {
    return this.#assignments.find(({ id }) => id === lcore)?.processors ?? [];
  }

  /**
   * Probes the devices that were not tried yet (DPDK: `rte_bus_probe`). {@link init} has done it: again, it does nothing.
   *
   * @returns how many devices failed now
   */
  probe(): number {
    let failed = 0;
    for (const bus of this.#buses) failed += bus.probe(this, this.#messages);
    return failed;
  }

  /**
   * Removes all devices, the last one first (DPDK: `rte_eal_cleanup`). The memory goes when nobody holds it any more.
   *
   * @throws SetupError `ERR_EAL_CLEANED_UP` (EALREADY) the second time
   */
  cleanup(): void {
    if (this.#cleanedUp) {
      throw new SetupError({
        code: 'ERR_EAL_CLEANED_UP',
        errno: 'EALREADY',
        message: 'this EAL is cleaned up already',
        remedy: 'call cleanup once; a new Eal.init is allowed',
      });
    }
    this.#cleanedUp = true;
    for (const bus of [...this.#buses].reverse()) bus.remove(this);
  }

  #reportLcores(processors: number | undefined): void {
    if (processors === undefined) return;
    const homeless = this.#assignments.filter((lcore) => lcore.processors.every((number) => number >= processors));
    if (homeless.length === 0) return;
    const ids = homeless.map(({ id }) => id).join(', ');
    this.#messages.warning(
      `No processor of its own for lcore ${ids} (this machine has ${processors}, counted from 0): it runs on any`,
    );
  }
}

function requirePrimary({ processType }: EalOptions): void {
  if (processType !== 'secondary') return;
  throw new SetupError({
    code: 'ERR_EAL_PROCESS_TYPE',
    errno: 'ENOTSUP',
    message: 'there are no secondary processes here',
    expected: '--proc-type=primary or auto',
    got: 'secondary',
    remedy: 'share the memory between threads instead',
  });
}

/** The lcores that the options name, or one for each processor. */
function assignLcores(options: EalOptions, processors = 1): LcoreAssignment[] {
  const named =
    options.lcores ?? Array.from({ length: Math.min(processors, MAX_LCORE) }, (_, id) => ({ id, processors: [id] }));
  const first = options.remapLcoresFrom;
  const lcores = first === undefined ? [...named] : named.map((lcore, i) => ({ ...lcore, id: first + i }));
  const { mainLcore } = options;
  if (lcores.length === 0 || lcores[lcores.length - 1].id >= MAX_LCORE) {
    throw new SetupError({
      code: 'ERR_EAL_LCORES',
      errno: 'EINVAL',
      message: 'these lcores cannot be',
      expected: `1 to ${MAX_LCORE} of them, numbered below ${MAX_LCORE}`,
      got: lcores.map(({ id }) => id).join(', ') || 'none',
    });
  }
  if (mainLcore !== undefined && !lcores.some(({ id }) => id === mainLcore)) {
    throw new SetupError({
      code: 'ERR_EAL_MAIN_LCORE',
      errno: 'EINVAL',
      message: 'the main lcore is none of the lcores',
      expected: lcores.map(({ id }) => id).join(', '),
      got: String(mainLcore),
      remedy: 'choose it among them, by --main-lcore',
    });
  }
  return lcores;
}

function memoryMiB(options: EalOptions, log: LogType): number {
  const asked = options.memoryMiB ?? options.socketMemoryMiB?.reduce((sum, part) => sum + part) ?? DEFAULT_MEMORY_MIB;
  if (asked <= MAX_MEMORY_MIB) return asked;
  log.warning(`${asked} MiB of memory are more than can be addressed: it gets ${MAX_MEMORY_MIB} MiB`);
  return MAX_MEMORY_MIB;
}
