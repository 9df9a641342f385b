/** libIPSec_MB as it is loaded: found, of a version that is known, and with a manager in the one memory. */
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import { IPSEC_MB_LAYOUTS, type IpsecMbLayout } from './_ipsec-mb-layout.ts';
import type { ForeignFunction, ForeignFunctions, ForeignLibrary } from './_koffi.ts';

/** The name that the loader looks for: the library's major version, as distributions install it. */
export const IPSEC_MB_FILE = 'libIPSec_MB.so.1';

/** The library before it is given a place to work in. */
export class IpsecMbLibrary {
  readonly layout: IpsecMbLayout;
  readonly #koffi: ForeignFunctions;
  readonly #setPointers: ForeignFunction;
  readonly #initialize: ForeignFunction;

  /**
   * Loads the library.
   *
   * @throws SetupError `ERR_IPSEC_MB_ABSENT` (ENODEV), `ERR_IPSEC_MB_VERSION` (ENOTSUP)
   */
  constructor(koffi: ForeignFunctions, file: string = IPSEC_MB_FILE) {
    this.#koffi = koffi;
    const library = loaded(koffi, file);
    this.layout = layoutOf(library, file);
    this.#setPointers = library.func('imb_set_pointers_mb_mgr', 'void *', ['int64_t', 'uint64_t', 'uint32_t']);
    this.#initialize = library.func('init_mb_mgr_auto', 'void', ['int64_t', 'int64_t']);
  }

  /**
   * Makes a manager (`IMB_MGR`) at a position of the memory, which has room for it and is aligned to 64.
   *
   * @throws SetupError `ERR_IPSEC_MB_START` (ENODEV) when the library does not work on this processor
   */
  manager(memory: Memory, position: number): IpsecMbManager {
    const address = memory.address + position;
    this.#setPointers(address, 0, 1);
    const manager = new IpsecMbManager(this.layout, memory, position, this.#koffi, () => this.#initialize(address, 0));
    manager.initialize();
    return manager;
  }
}

/** A manager: the library's own state, and its functions for the processor that it found. */
export class IpsecMbManager {
  readonly layout: IpsecMbLayout;
  readonly memory: Memory;
  readonly position: number;
  /**
   * `submit_burst_nocheck` (address of the manager, number of jobs, address of pointers to them): how many jobs at the
   * head of the queue are done. What is submitted has been checked here.
   */
  submit: ForeignFunction;
  /** `flush_burst` (address of the manager, most jobs, address for pointers to them): how many more are done. */
  flush: ForeignFunction;
  readonly #koffi: ForeignFunctions;
  readonly #initialize: () => void;

  constructor(
    layout: IpsecMbLayout,
    memory: Memory,
    position: number,
    koffi: ForeignFunctions,
    initialize: () => void,
  ) {
    this.layout = layout;
    this.memory = memory;
    this.position = position;
    this.#koffi = koffi;
    this.#initialize = initialize;
    initialize();
    const burst = ['int64_t', 'uint32_t', 'int64_t'];
    this.submit = this.call(layout.functions.submitBurstNocheck, 'uint32_t', burst);
    this.flush = this.call(layout.functions.flushBurst, 'uint32_t', burst);
  }

  /**
   * Sets it up, or up again when its queue can no longer be trusted.
   *
   * @throws SetupError `ERR_IPSEC_MB_START` (ENODEV)
   */
  initialize(): void {
    this.#initialize();
    const { i32 } = this.memory;
    const { errno, usedArchitecture } = this.layout;
    const error = i32[(this.position + errno) >> 2];
    if (error === 0 && i32[(this.position + usedArchitecture) >> 2] !== 0) return;
    throw new SetupError({
      code: 'ERR_IPSEC_MB_START',
      errno: 'ENODEV',
      message: 'libIPSec_MB does not work on this processor',
      got: `error ${error}`,
    });
  }

  /** The function whose pointer lies at an offset of the manager. */
  call(offset: number, result: string, parameters: readonly string[]): ForeignFunction {
    const { u32 } = this.memory;
    const word = (this.position + offset) >> 2;
    const address = (BigInt(u32[word + 1]) << 32n) | BigInt(u32[word]);
    return this.#koffi.decode(address, this.#koffi.proto(result, parameters));
  }
}

function loaded(koffi: ForeignFunctions, file: string): ForeignLibrary {
  try {
    return koffi.load(file);
  } catch (cause) {
    throw new SetupError({
      code: 'ERR_IPSEC_MB_ABSENT',
      errno: 'ENODEV',
      message: `${file} not found`,
      remedy: 'apt install libipsec-mb1',
      cause,
    });
  }
}

function layoutOf(library: ForeignLibrary, file: string): IpsecMbLayout {
  let version = 0;
  let managerBytes = 0;
  try {
    version = library.func('imb_get_version', 'uint32_t', [])();
    managerBytes = library.func('imb_get_mb_mgr_size', 'size_t', [])();
  } catch {
    // A library that does not have these is of no known version either.
  }
  const layout = IPSEC_MB_LAYOUTS.find((known) => known.version === version);
  if (layout === undefined) {
    throw new SetupError({
      code: 'ERR_IPSEC_MB_VERSION',
      errno: 'ENOTSUP',
      message: `${file} is of a version whose layout is not known`,
      expected: IPSEC_MB_LAYOUTS.map(({ name }) => name).join(' or '),
      got: version === 0 ? 'no version' : nameOf(version),
      remedy: 'install a known version, or use engine openssl',
    });
  }
  if (layout.managerBytes !== managerBytes) {
    throw new SetupError({
      code: 'ERR_IPSEC_MB_VERSION',
      errno: 'ENOTSUP',
      message: `${file} calls itself ${layout.name} and has another layout`,
      expected: `a manager of ${layout.managerBytes} bytes`,
      got: `${managerBytes} bytes`,
      remedy: 'install the distribution’s own, or use engine openssl',
    });
  }
  return layout;
}

function nameOf(version: number): string {
  return [version >>> 16, (version >>> 8) & 0xff, version & 0xff].join('.');
}
