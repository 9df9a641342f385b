/**
 * What must be stepped to advance, such as a modelled card, and which lcore steps it.
 *
 * A device advances only in its `step`, never inside a register access or a burst. At most one lcore owns it; a device
 * that none owns is stepped by whoever steps those of {@link LCORE_ID_ANY}, and by nobody else.
 */
import { SetupError } from './errors.ts';
import { LCORE_ID_ANY } from './lcore.ts';

/** A device that advances when it is told to. */
export interface Steppable {
  readonly name: string;
  /**
   * Does at most about `budget` units of work, such as frames, and says how much it did. On the data path: it neither
   * throws nor allocates.
   */
  step(budget: number): number;
}

/** The devices to step, by the lcore that owns them. */
export class StepList {
  readonly #owners = new Map<Steppable, number>();
  readonly #byLcore: Steppable[][] = [];
  readonly #unowned: Steppable[] = [];

  /**
   * Adds a device.
   *
   * @param owner the lcore that will step it; default {@link LCORE_ID_ANY}: none, until {@link assign}
   * @throws SetupError `ERR_STEP_EXISTS` (EEXIST) when there is one of that name
   */
  add(device: Steppable, owner: number = LCORE_ID_ANY): void {
    if (this.#find(device.name) !== undefined) {
      throw new SetupError({
        code: 'ERR_STEP_EXISTS',
        errno: 'EEXIST',
        message: `device ${device.name} is stepped already`,
      });
    }
    this.#place(device, owner);
  }

  /**
   * Takes a device out.
   *
   * @throws SetupError `ERR_STEP_UNKNOWN` (ENODEV)
   */
  remove(name: string): void {
    const device = this.#need(name);
    this.#displace(device);
    this.#owners.delete(device);
  }

  /**
   * Makes `owner` the lcore that steps a device.
   *
   * @throws SetupError `ERR_STEP_UNKNOWN` (ENODEV)
   */
  assign(name: string, owner: number): void {
    const device = this.#need(name);
    this.#displace(device);
    this.#place(device, owner);
  }

  /** The lcore that steps a device, {@link LCORE_ID_ANY} when none does, undefined when there is no such device. */
  ownerOf(name: string): number | undefined {
    const device = this.#find(name);
    return device === undefined ? undefined : this.#owners.get(device);
  }

  /** All devices, in the order in which they were added. */
  devices(): Steppable[] {
    return [...this.#owners.keys()];
  }

  /** Steps every device that `lcore` owns, in the order in which it got them, and sums up what they did. */
  stepAll(lcore: number, budget: number): number {
    const devices = lcore === LCORE_ID_ANY ? this.#unowned : this.#byLcore[lcore];
    if (devices === undefined) return 0;
    let done = 0;
    for (let i = 0; i < devices.length; i++) done += devices[i].step(budget);
    return done;
  }

  #find(name: string): Steppable | undefined {
    return this.devices().find((device) => device.name === name);
  }

  #need(name: string): Steppable {
    const device = this.#find(name);
    if (device !== undefined) return device;
    throw new SetupError({
      code: 'ERR_STEP_UNKNOWN',
      errno: 'ENODEV',
      message: `no device ${name} is to be stepped`,
      expected: [...this.#owners.keys()].map((known) => known.name).join(', ') || 'one that was added',
    });
  }

  #ownedBy(lcore: number): Steppable[] {
    if (lcore === LCORE_ID_ANY) return this.#unowned;
    // Filled from 0 on, so that the table has no holes for the data path to look through.
    while (this.#byLcore.length <= lcore) this.#byLcore.push([]);
    return this.#byLcore[lcore];
  }

  #place(device: Steppable, owner: number): void {
    this.#owners.set(device, owner);
    this.#ownedBy(owner).push(device);
  }

  #displace(device: Steppable): void {
    const siblings = this.#ownedBy(this.#owners.get(device) ?? LCORE_ID_ANY);
    siblings.splice(siblings.indexOf(device), 1);
  }
}
