import { describe, expect, it } from 'vitest';
import { parseConfiguration } from './configuration.ts';
import { heapKeyStore } from './key.ts';
import type { GatewayConfiguration } from './rules.ts';

function parse(text: string): GatewayConfiguration {
  return parseConfiguration(new TextEncoder().encode(text), { file: 'x.cfg', keys: heapKeyStore() });
}

const refused = (text: string) => expect(() => parse(text));

describe('a policy', () => {
  it('has all its options, in any order', () => {
    const { sps, warnings } = parse(
      'sp ipv4 in dport 53:53 proto 17:255 dst 10.0.0.0/8 src 192.168.1.2/32 sport 1024:65535 pri 77 protect 9 esp\n',
    );
    expect(warnings).toEqual([]);
    expect(sps).toEqual([
      {
        place: { file: 'x.cfg', line: 1, column: 1 },
        family: 'ipv4',
        direction: 'in',
        action: 'protect',
        spi: 9,
        priority: 77,
        source: { address: Uint8Array.of(192, 168, 1, 2), length: 32 },
        destination: { address: Uint8Array.of(10, 0, 0, 0), length: 8 },
        protocol: { value: 17, mask: 255 },
        sourcePorts: { low: 1024, high: 65535 },
        destinationPorts: { low: 53, high: 53 },
      },
    ]);
  });

  it('may be for IPv6, and bypass or discard', () => {
    const { sps, warnings } = parse(
      `sp ipv6 out esp bypass pri 1 dst fd12:3456::/48 sport 0:65535 dport 0:65535
sp ipv6 in esp discard pri 0x
`.replace(' pri 0x', ' pri 2 sport 0:65535 dport 0:65535'),
    );
    expect(warnings).toEqual([]);
    expect(sps.map(({ action, direction, spi }) => [action, direction, spi])).toEqual([
      ['bypass', 'out', 0],
      ['discard', 'in', 0],
    ]);
    const fd12 = new Uint8Array(16);
    fd12.set([0xfd, 0x12, 0x34, 0x56]);
    expect(sps[0].destination).toEqual({ address: fd12, length: 48 });
    expect(sps[1].destination).toEqual({ address: new Uint8Array(16), length: 0 });
  });

  it('matches any address and protocol by default, but only port 0, with a warning', () => {
    const { sps, warnings } = parse('sp ipv4 out esp discard pri 1\n');
    expect(sps[0]).toMatchObject({
      source: { length: 0 },
      destination: { length: 0 },
      protocol: { mask: 0 },
      sourcePorts: { low: 0, high: 0 },
      destinationPorts: { low: 0, high: 0 },
    });
    expect(warnings).toMatchObject([
      {
        code: 'WARN_PORT_ZERO_ONLY',
        line: 1,
        text: 'no "sport" and "dport": only port 0 matches; write "sport 0:65535 dport 0:65535" for any port',
      },
    ]);
  });

  it('without a priority, or with 0, gets the lowest, with a warning', () => {
    const { sps, warnings } = parse(`sp ipv4 out esp discard sport 0:65535 dport 0:65535
sp ipv4 out esp discard pri 0 sport 0:65535 dport 0:65535
sp ipv4 out esp discard pri 536870911 sport 0:65535 dport 0:65535
`);
    expect(sps.map(({ priority }) => priority)).toEqual([1, 1, 0x1fff_ffff]);
    expect(warnings.map(({ code, line, column }) => [code, line, column])).toEqual([
      ['WARN_NO_PRIORITY', 1, 1],
      ['WARN_NO_PRIORITY', 2, 29],
    ]);
  });

  it('with an address but no prefix length matches any address, with a warning', () => {
    const { sps, warnings } = parse('sp ipv4 out esp discard pri 1 dst 10.1.2.3 sport 0:65535 dport 0:65535\n');
    expect(sps[0].destination).toEqual({ address: Uint8Array.of(10, 1, 2, 3), length: 0 });
    expect(warnings).toMatchObject([{ code: 'WARN_ANY_ADDRESS', text: expect.stringContaining('write "/32"') }]);
  });

  it.each([
    ['6:17', /protocols p with p & 17 = 0 match/],
    ['0:255', /only protocol 0 matches/],
    ['6:0', /write "6:255"/],
  ])('with proto %s is warned that this is a mask', (proto, text) => {
    const { warnings } = parse(`sp ipv4 out esp discard pri 1 proto ${proto} sport 0:65535 dport 0:65535\n`);
    expect(warnings).toMatchObject([{ code: 'WARN_PROTOCOL_MASK', text: expect.stringMatching(text) }]);
  });

  it('with an empty range of ports is warned of it', () => {
    const { warnings } = parse('sp ipv4 out esp discard pri 1 sport 5:4 dport 0:65535\n');
    expect(warnings).toMatchObject([{ code: 'WARN_EMPTY_RANGE' }]);
  });
});

describe('the error of a policy', () => {
  it.each([
    ['sp', 'ERR_CONFIG_MISSING', 'reaching the end of the token array: expected "ipv4" or "ipv6" after "sp"'],
    ['sp ipv5 out', 'ERR_CONFIG_WORD', 'unrecognizable input "ipv5": expected "ipv4" or "ipv6"; did you mean "ipv4"?'],
    ['sp ipv4', 'ERR_CONFIG_MISSING', 'expected "in" or "out" after "ipv4"'],
    ['sp ipv4 inn esp', 'ERR_CONFIG_WORD', 'unrecognized input "inn", expect "in" or "out"'],
    ['sp ipv4 in esp', 'ERR_CONFIG_MISSING', 'missing argument "protect", "bypass", or "discard"'],
    ['sp ipv4 in bypass', 'ERR_CONFIG_MISSING', 'missing argument "esp"'],
    ['sp ipv4 in esp esp', 'ERR_CONFIG_DUPLICATE', 'item "esp" already present'],
    ['sp ipv4 in esp bypass bypass', 'ERR_CONFIG_DUPLICATE', 'item "bypass" already present'],
    ['sp ipv4 in esp pri 1 pri 2', 'ERR_CONFIG_DUPLICATE', 'item "pri" already present'],
    ['sp ipv4 in esp protect 5 bypass', 'ERR_CONFIG_CONFLICT', 'conflict item between "bypass" and "protect"'],
    ['sp ipv4 in esp discard protect 5', 'ERR_CONFIG_CONFLICT', 'conflict item between "protect" and "discard"'],
    ['sp ipv4 in esp protect', 'ERR_CONFIG_MISSING', 'expected an SPI after "protect"'],
    ['sp ipv4 in esp protect five', 'ERR_CONFIG_NUMBER', 'input "five" is not valid number string'],
    ['sp ipv4 in esp protect 0', 'ERR_CONFIG_SPI', 'invalid SPI: 0'],
    ['sp ipv4 in esp protect 4294967295', 'ERR_CONFIG_SPI', 'invalid SPI: 4294967295'],
    ['sp ipv4 in esp protect 4294967296', 'ERR_CONFIG_RANGE', 'an SPI over-limit: expected 0 to 4294967295'],
    ['sp ipv4 in esp bypass pri 536870912', 'ERR_CONFIG_RANGE', 'priority over-limit: expected 0 to 536870911'],
    [
      'sp ipv4 in esp bypass src 10.0.0.256/8',
      'ERR_CONFIG_ADDRESS',
      'unrecognized input "10.0.0.256/8", expect valid ipv4 addr',
    ],
    ['sp ipv4 in esp bypass src 10.0.0/8', 'ERR_CONFIG_ADDRESS', 'expect valid ipv4 addr'],
    ['sp ipv4 in esp bypass src /8', 'ERR_CONFIG_ADDRESS', 'expect valid ipv4 addr'],
    ['sp ipv4 in esp bypass src 10.0.0.1/', 'ERR_CONFIG_ADDRESS', 'a prefix length in decimal digits'],
    ['sp ipv4 in esp bypass src 10.0.0.1/x', 'ERR_CONFIG_ADDRESS', 'a prefix length in decimal digits'],
    ['sp ipv4 in esp bypass src 10.0.0.1/33', 'ERR_CONFIG_RANGE', 'prefix length over-limit: expected 0 to 32'],
    [
      'sp ipv6 in esp bypass dst fd12::zz/8',
      'ERR_CONFIG_ADDRESS',
      'unrecognized input "fd12::zz/8", expect valid ipv6 addr',
    ],
    ['sp ipv6 in esp bypass dst ::/129', 'ERR_CONFIG_RANGE', 'prefix length over-limit: expected 0 to 128'],
    ['sp ipv4 in esp bypass dst fd12::/8', 'ERR_CONFIG_ADDRESS', 'expect valid ipv4 addr'],
    [
      'sp ipv4 out esp protect 1005 pri 1 dst sport 0:65535',
      'ERR_CONFIG_ADDRESS',
      'there is no address before "sport"',
    ],
    ['sp ipv4 in esp bypass proto 256:1', 'ERR_CONFIG_RANGE', 'proto low over-limit'],
    ['sp ipv4 in esp bypass proto 1:256', 'ERR_CONFIG_RANGE', 'proto high over-limit'],
    ['sp ipv4 in esp bypass proto 17', 'ERR_CONFIG_NUMBER', 'expect "from:to"; for one proto write "17:255"'],
    ['sp ipv4 in esp bypass sport 80', 'ERR_CONFIG_NUMBER', 'expect "port_from:port_to"; for one port write "80:80"'],
    ['sp ipv4 in esp bypass sport 0:65536', 'ERR_CONFIG_RANGE', 'port high over-limit: expected 0 to 65535'],
    ['sp ipv4 in esp bypass dport 0:', 'ERR_CONFIG_NUMBER', 'expect "port_from:port_to"'],
    ['sp ipv4 in esp bypass dport 0x1:0x2', 'ERR_CONFIG_NUMBER', 'expect "port_from:port_to"'],
    ['sp ipv4 in esp bypass prio 1', 'ERR_CONFIG_WORD', 'unrecognized input "prio"; did you mean "pri"?'],
    ['sp ipv4 in ESP bypass', 'ERR_CONFIG_WORD', 'unrecognized input "ESP"'],
  ])('of %j says so', (line, code, text) => {
    refused(`# first\n${line}\n`).toThrow(
      expect.objectContaining({ code, file: 'x.cfg', line: 2, message: expect.stringContaining(text) }),
    );
    refused(`# first\n${line}\n`).toThrow(/^x\.cfg:2: error: /);
  });

  it('stands at its word, in a directive of several lines too', () => {
    refused('sp ipv4 in esp \\\nbypass \\\n  prii 1\n').toThrow(expect.objectContaining({ line: 3, column: 3 }));
  });

  it('says that a stray backslash has joined the next directive', () => {
    refused('sp ipv4 in esp bypass pri 1 \\\nsa in 5 aead_algo x\n').toThrow(
      'x.cfg:2: error: unrecognized input "sa"; the line before ends in a backslash, which joins this "sa" to the "sp" of line 1',
    );
  });

  it('says that an empty line has ended the directive', () => {
    refused('sp ipv4 in esp protect \\\n\n5\n').toThrow('an empty line after a backslash ends the directive');
  });
});
