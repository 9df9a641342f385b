/**
 * A network interface of the operating system that a wire is, seen from portable code: what a port over such a wire hands on
 * to it (DPDK: what net_tap and net_af_packet do by ioctl). All of it is set-up; nothing here is called per packet.
 */
export interface NetworkInterface {
  /** As `ip link` lists it: `dtap0`. */
  readonly name: string;
  /** Its address now, 6 bytes: a copy. */
  readonly macAddress: Uint8Array;
  /**
   * Gives it another address.
   *
   * @throws SetupError `ERR_INTERFACE` (EPERM, ENODEV, EINVAL, EIO), as all of these
   */
  setMacAddress(address: Uint8Array): void;
  /**
   * Sets the most bytes behind an Ethernet header that the kernel sends by it.
   *
   * @throws SetupError `ERR_INTERFACE`
   */
  setMtu(mtu: number): void;
  /**
   * Sets it up or down (`ip link set NAME up`).
   *
   * @throws SetupError `ERR_INTERFACE`
   */
  setUp(up: boolean): void;
  /**
   * Has the kernel see frames for other addresses too.
   *
   * @throws SetupError `ERR_INTERFACE`
   */
  setPromiscuous(on: boolean): void;
  /**
   * Has the kernel see frames to all groups.
   *
   * @throws SetupError `ERR_INTERFACE`
   */
  setAllMulticast(on: boolean): void;
}
