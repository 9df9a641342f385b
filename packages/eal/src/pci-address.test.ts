import { expect, it } from 'vitest';
import { parsePciAddress } from './pci-address.ts';

it.each([
  ['06:00.0', '0000:06:00.0'],
  ['0000:06:00.0', '0000:06:00.0'],
  ['6:0.1', '0000:06:00.1'],
  ['pci:00FF:09:0B.3', '00ff:09:0b.3'],
  ['12345678:ff:1f.7', '12345678:ff:1f.7'],
])('%s is the device %s', (text, full) => {
  expect(parsePciAddress(text)).toBe(full);
});

it.each(['error', '0:0:0', '0:error:0.1', '0:0.1error', 'error0:0.1', '0:0:0.1.2', '06:20.0', '06:00.8', '06:00', ''])(
  '%s is no PCI address',
  (text) => {
    expect(parsePciAddress(text)).toBeUndefined();
  },
);
