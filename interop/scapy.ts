import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type EspAssociation, scapyAssociation } from './esp-association.ts';
import { type ForeignProgram, lookFor, PYTHON, runForeign } from './foreign-programs.ts';

/** scapy, and with `cryptography` its ESP. */

export const SCAPY: ForeignProgram = lookFor('scapy', PYTHON, '-c', 'import scapy.all');

export const SCAPY_ESP: ForeignProgram = lookFor(
  'scapy with cryptography',
  PYTHON,
  '-c',
  'from scapy.layers.ipsec import algorithms; assert algorithms',
);

/** An association, and IP packets to work on. */
export interface EspTask {
  readonly association: EspAssociation;
  readonly packets: readonly Uint8Array[];
}

/** What became of a packet: its bytes in hexadecimal, or why it was refused. */
export type EspAnswer = { readonly packet: string } | { readonly error: string };

/** Has scapy put ESP on packets, numbered from 1 on, or take it off: an answer for each packet of each task. */
export function scapyEsp(operation: 'encrypt' | 'decrypt', tasks: readonly EspTask[]): EspAnswer[][] {
  const input = tasks.map(({ association, packets }) => ({
    ...scapyAssociation(association),
    packets: packets.map((packet) => Buffer.from(packet).toString('hex')),
  }));
  const folder = dirname(fileURLToPath(import.meta.url));
  const output = runForeign(folder, PYTHON, [join(folder, 'esp_peer.py')], JSON.stringify({ [operation]: input }));
  return JSON.parse(output) as EspAnswer[][];
}

/** Runs a few lines of Python in which all of scapy is known; returns what they print. */
export function scapyScript(folder: string, script: string): string {
  return runForeign(folder, PYTHON, ['-c', `from scapy.all import *\n${script}`]);
}
