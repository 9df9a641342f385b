import type { NetworkInterface } from '@inline-ipsec/wire/network-interface';
import type { EthConfiguration } from './driver.ts';
import { SoftwarePort, type SoftwarePortOptions } from './software-port.ts';

/** What an {@link InterfacePort} is made of. */
export interface InterfacePortOptions extends Omit<SoftwarePortOptions, 'macAddress'> {
  /** What its wires belong to. */
  readonly networkInterface: NetworkInterface;
}

/**
 * A software port over a network interface of the operating system (DPDK: net_tap). It has the interface's address, and
 * what it is told (up and down, MTU, address, promiscuous) the interface is told as well, as in DPDK.
 */
export class InterfacePort extends SoftwarePort {
  readonly #interface: NetworkInterface;

  constructor(options: InterfacePortOptions) {
    super({ ...options, macAddress: options.networkInterface.macAddress });
    this.#interface = options.networkInterface;
  }

  override configure(configuration: EthConfiguration): void {
    super.configure(configuration);
    this.#interface.setMtu(configuration.mtu);
  }

  override start(): void {
    this.#interface.setUp(true);
    super.start();
  }

  override stop(): void {
    super.stop();
    try {
      this.#interface.setUp(false);
    } catch {
      // Somebody has deleted it, or moved it out of sight: what there is to end has ended.
    }
  }

  override setMtu(mtu: number): void {
    this.#interface.setMtu(mtu);
  }

  override setMacAddress(address: Uint8Array): void {
    this.#interface.setMacAddress(address);
    super.setMacAddress(address);
  }

  setPromiscuous(on: boolean): void {
    this.#interface.setPromiscuous(on);
  }

  setAllMulticast(on: boolean): void {
    this.#interface.setAllMulticast(on);
  }
}
