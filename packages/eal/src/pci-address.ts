/** Addresses on the PCI bus, as people and DPDK write them. */

/**
 * The full form of a PCI address, `DDDD:BB:DD.F` in lower-case hexadecimal (DPDK: `rte_pci_addr_parse`), so that
 * `06:00.0` and `0000:06:00.0` are the same device. Undefined for any other text.
 *
 * @param text `[pci:][domain:]bus:device.function`; domain at most 32 bits, bus 8, device 5, function 3
 */
export function parsePciAddress(text: string): string | undefined {
  const parts = /^(?:pci:)?(?:([\da-f]{1,8}):)?([\da-f]{1,2}):([\da-f]{1,2})\.([0-7])$/i.exec(text);
  if (parts === null) return undefined;
  const [, domain = '0', bus = '', device = '', fn = ''] = parts;
  if (Number.parseInt(device, 16) > 0x1f) return undefined;
  return `${hex(domain, 4)}:${hex(bus, 2)}:${hex(device, 2)}.${fn}`;
}

function hex(digits: string, width: number): string {
  return Number.parseInt(digits, 16).toString(16).padStart(width, '0');
}
