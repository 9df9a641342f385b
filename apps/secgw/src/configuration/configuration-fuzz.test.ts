import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findProblems } from './check.ts';
import { parseConfiguration } from './configuration.ts';
import { ConfigurationError } from './configuration-error.ts';
import { heapKeyStore } from './key.ts';
import { NOT_SHOWN } from './token.ts';

/** All text that comes out of a file: its error, or its warnings. */
function saidOf(bytes: Uint8Array, library = false): string[] {
  try {
    const configuration = parseConfiguration(bytes, { file: 'f', keys: heapKeyStore(), library });
    const { errors, warnings } = findProblems(configuration, { library, portMask: 3, unprotectedMask: 2 });
    return [...configuration.warnings, ...warnings]
      .map(({ text }) => text)
      .concat(errors.map(({ message }) => message));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const { message, got = '', expected = '', remedy = '', line, column } = error;
    expect(message).toMatch(/^f:\d+: error: /);
    expect(line).toBeGreaterThan(0);
    expect(column).toBeGreaterThan(0);
    return [message, got, expected, remedy, error.stack ?? ''];
  }
}

const VOCABULARY = [
  ...`sp sa rt neigh flow ipv4 ipv6 in out esp protect bypass discard pri src dst proto sport dport mode
    transport ipv4-tunnel ipv6-tunnel cipher_algo cipher_key auth_algo auth_key aead_algo aead_key
    aes-128-gcm aes-128-ctr sha1-hmac aes-gmac null type inline-crypto-offload port_id fallback
    flow-direction udp-encap esn mss telemetry port queue mark eth count security set_mark 5 0 10.0.0.1
    10.0.0.0/8 fd00::1/64 0:65535 1:2:3:4:5:6 #`.split(/\s+/),
  '\\\n',
  '\n',
  '\\',
];

describe('whatever the file holds, it is read or refused with a configuration error', () => {
  it('for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void saidOf(bytes)),
      { numRuns: 500 },
    );
  });

  it('for any words of the language', () => {
    const text = fc.array(fc.constantFrom(...VOCABULARY), { maxLength: 60 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(text, fc.boolean(), (words, library) => void saidOf(new TextEncoder().encode(words), library)),
      { numRuns: 1000 },
    );
  });
});

describe('no message has a piece of a key in it', () => {
  const TEMPLATE = (key: string) => `#SP IPv4 rules
sp ipv4 out esp protect 1005 pri 1 dst 192.168.105.0/24 sport 0:65535 dport 0:65535

sa out 1005 aead_algo aes-128-gcm aead_key ${key} \\
mode ipv4-tunnel src 172.16.1.5 dst 172.16.2.5 \\
port_id 1 \\
type inline-crypto-offload \\

sa in 5 cipher_algo aes-128-ctr cipher_key ${key} auth_algo sha1-hmac auth_key ${key} \\
mode ipv4-tunnel src 172.16.1.5 dst 172.16.2.5
rt ipv4 dst 172.16.2.5/32 port 1
`;
  const keyArbitrary = fc
    .uint8Array({ minLength: 20, maxLength: 20 })
    .map((key) => Array.from(key, (byte) => byte.toString(16).padStart(2, '0')));

  /** Three bytes in a row, however they are parted, are a piece of a key. */
  function expectNoPiece(said: readonly string[], key: readonly string[]): void {
    const text = said.join('\n').toLowerCase();
    for (let i = 0; i + 3 <= key.length; i++) {
      const piece = new RegExp(key.slice(i, i + 3).join('[^0-9a-z\\n]{0,2}'));
      expect(piece.test(text), `${key.slice(i, i + 3).join(':')} in ${text}`).toBe(false);
    }
  }

  it('when bytes of the file are lost, changed or put in', () => {
    const change = fc.record({
      at: fc.nat({ max: 700 }),
      remove: fc.nat({ max: 3 }),
      insert: fc.constantFrom('', ' ', '\n', '\\\n', '#', 'g', '-', '.', '0', '::', '_', ' aead_key ', '\\\n\n', '\0'),
    });
    fc.assert(
      fc.property(keyArbitrary, fc.array(change, { minLength: 1, maxLength: 3 }), (key, changes) => {
        let text = TEMPLATE(key.join(':'));
        for (const { at, remove, insert } of changes) text = text.slice(0, at) + insert + text.slice(at + remove);
        expectNoPiece(saidOf(new TextEncoder().encode(text)), key);
      }),
      { numRuns: 1500 },
    );
  });

  it('when words of the file are lost', () => {
    fc.assert(
      fc.property(keyArbitrary, fc.array(fc.nat({ max: 80 }), { minLength: 1, maxLength: 4 }), (key, lost) => {
        const words = TEMPLATE(key.join(':')).split(/(?<=\s)/);
        const text = words.filter((_, i) => !lost.includes(i)).join('');
        expectNoPiece(saidOf(new TextEncoder().encode(text)), key);
      }),
      { numRuns: 1500 },
    );
  });

  it('when a backslash has joined a key to a route, which passes over words', () => {
    const key = ['2b', '7e', '15', '16', '28', 'ae', 'd2', 'a6'];
    const said = saidOf(
      new TextEncoder().encode(`rt ipv4 dst 10.0.0.0/8 port 1 \\\nsa in 5 aead_key ${key.join(':')} ${key.join('')}\n`),
    );
    expect(said.filter((text) => text.includes(NOT_SHOWN))).toHaveLength(2);
    expectNoPiece(said, key);
  });

  it('when the key is written in another form', () => {
    const key = ['2b', '7e', '15', '16', '28', 'ae', 'd2', 'a6'];
    for (const parting of ['', '-', '.', ' ', '_', ':0x', ', ']) {
      for (const before of [
        'sa in 5 aead_algo aes-128-gcm aead_key ',
        'sa in 5 aead_algo aes-128-gcm ',
        'sa in 5 ',
        '',
      ]) {
        for (const prefix of ['', '0x', '"', 'key=']) {
          const text = `${before}${prefix}${key.join(parting)}\n`;
          expectNoPiece(saidOf(new TextEncoder().encode(text)), key);
        }
      }
    }
  });
});
