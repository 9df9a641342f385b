import { describe, expect, it } from 'vitest';
import { parseConfiguration } from './configuration.ts';
import { heapKeyStore } from './key.ts';
import type { GatewayConfiguration } from './rules.ts';

function parse(text: string): GatewayConfiguration {
  return parseConfiguration(new TextEncoder().encode(text), { file: 'x.cfg', keys: heapKeyStore() });
}

const refused = (text: string) => expect(() => parse(text));

describe('a route', () => {
  it('leads a prefix to a port', () => {
    const { routes, warnings } = parse('rt ipv4 dst 172.16.2.5/32 port 1\nrt ipv6 port 3 dst fd12::/16\n');
    expect(warnings).toEqual([]);
    expect(routes).toMatchObject([
      { family: 'ipv4', destination: { address: Uint8Array.of(172, 16, 2, 5), length: 32 }, port: 1 },
      { family: 'ipv6', destination: { length: 16 }, port: 3, place: { line: 2 } },
    ]);
  });

  it('passes over words that it does not know, with warnings, the src of the guide among them', () => {
    const { routes, warnings } = parse('rt ipv4 src 10.0.0.0/8 dst 172.16.0.0/12 prot 1 port 1\n');
    expect(routes).toHaveLength(1);
    expect(warnings.map(({ code, text }) => [code, text])).toEqual([
      ['WARN_IGNORED_WORD', '"src" is passed over'],
      ['WARN_IGNORED_WORD', '(not shown: it might be a piece of a key) is passed over'],
      ['WARN_IGNORED_WORD', '"prot" is passed over; did you mean "port"?'],
      ['WARN_IGNORED_WORD', '"1" is passed over'],
    ]);
  });

  it('without a port leads to port 0, with a warning', () => {
    const { routes, warnings } = parse('rt ipv4 dst 172.16.0.0/12\n');
    expect(routes[0].port).toBe(0);
    expect(warnings).toMatchObject([{ code: 'WARN_NO_PORT' }]);
  });

  it.each([
    ['rt', 'ERR_CONFIG_MISSING', 'expected "ipv4" or "ipv6" after "rt"'],
    ['rt ipv5 dst', 'ERR_CONFIG_WORD', 'unrecognizable input "ipv5"'],
    ['rt ipv4 port 1', 'ERR_CONFIG_ADDRESS', 'missing argument "dst": expected a prefix of length 1 to 32'],
    ['rt ipv4 dst', 'ERR_CONFIG_MISSING', 'expected an address after "dst"'],
    [
      'rt ipv4 dst 10.0.0.1 port 1',
      'ERR_CONFIG_ADDRESS',
      'a route with prefix length 0 cannot be added: expected a prefix of length 1 to 32; write the prefix length',
    ],
    [
      'rt ipv4 dst 0.0.0.0/0 port 1',
      'ERR_CONFIG_ADDRESS',
      'for a default route write two, "0.0.0.0/1" and "128.0.0.0/1"',
    ],
    ['rt ipv6 dst ::/0 port 1', 'ERR_CONFIG_ADDRESS', 'for a default route write two, "::/1" and "8000::/1"'],
    ['rt ipv4 dst 10.0.0.1/33 port 1', 'ERR_CONFIG_RANGE', 'prefix length over-limit'],
    ['rt ipv4 dst port 1', 'ERR_CONFIG_ADDRESS', 'there is no address before "port"'],
    ['rt ipv4 dst 10.0.0.1/32 port x', 'ERR_CONFIG_NUMBER', 'input "x" is not valid number string'],
    ['rt ipv4 dst 10.0.0.1/32 port 32', 'ERR_CONFIG_PORT', 'invalid port number "32": expected 0 to 31'],
  ])('%j is an error', (line, code, text) => {
    refused(`\n${line}\n`).toThrow(expect.objectContaining({ code, line: 2, message: expect.stringContaining(text) }));
  });

  it('is one of at most 1024 of its family', () => {
    const route = (i: number) => `rt ipv4 dst 10.${i >> 8}.${i & 255}.0/24 port 0\n`;
    const most = Array.from({ length: 1024 }, (_, i) => route(i)).join('');
    expect(parse(`${most}rt ipv6 dst fd00::/8 port 0\n`).routes).toHaveLength(1025);
    refused(most + route(1024)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_LIMIT',
        line: 1025,
        message: expect.stringContaining('too many rt rules'),
      }),
    );
  });
});

describe('a neighbour', () => {
  it('is a MAC address for a port, which may be hexadecimal', () => {
    const { neighbours, warnings } = parse('neigh port 1 00:16:3e:7e:94:9a\nneigh port 0x1f 0:1:2:3:4:a\n');
    expect(warnings).toEqual([]);
    expect(neighbours).toMatchObject([
      { port: 1, mac: Uint8Array.of(0, 0x16, 0x3e, 0x7e, 0x94, 0x9a) },
      { port: 31, mac: Uint8Array.of(0, 1, 2, 3, 4, 10) },
    ]);
  });

  it('replaces an earlier one of its port, with a warning', () => {
    const { neighbours, warnings } = parse('neigh port 1 0:1:2:3:4:5\nneigh port 1 0:1:2:3:4:6\n');
    expect(neighbours).toMatchObject([{ port: 1, mac: Uint8Array.of(0, 1, 2, 3, 4, 6) }]);
    expect(warnings).toMatchObject([{ code: 'WARN_REPLACED', line: 2, text: expect.stringContaining('line 1') }]);
  });

  it('with a group address is warned of', () => {
    expect(parse('neigh port 1 1:0:5e:0:0:1\n').warnings).toMatchObject([{ code: 'WARN_GROUP_ADDRESS' }]);
  });

  it.each([
    ['neigh', 'ERR_CONFIG_WORD', 'parsing "neigh" failed: expected "neigh port NUMBER MAC"'],
    ['neigh prot 1 0:1:2:3:4:5', 'ERR_CONFIG_WORD', 'got "prot"'],
    ['neigh port 1', 'ERR_CONFIG_WORD', 'got 2 words'],
    ['neigh port 1 0:1:2:3:4:5 more', 'ERR_CONFIG_WORD', 'got "more"'],
    ['neigh port x 0:1:2:3:4:5', 'ERR_CONFIG_PORT', 'invalid port number "x"'],
    ['neigh port 32 0:1:2:3:4:5', 'ERR_CONFIG_PORT', 'invalid port number "32"'],
    ['neigh port 0x20 0:1:2:3:4:5', 'ERR_CONFIG_PORT', 'invalid port number'],
    ['neigh port 0xg 0:1:2:3:4:5', 'ERR_CONFIG_PORT', 'invalid port number'],
    ['neigh port 1 0:1:2:3:4', 'ERR_CONFIG_ADDRESS', 'expect valid MAC address'],
    ['neigh port 1 0:1:2:3:4:5:6', 'ERR_CONFIG_ADDRESS', 'expect valid MAC address'],
    ['neigh port 1 0:1:2:3:4:zz', 'ERR_CONFIG_ADDRESS', 'expect valid MAC address'],
  ])('%j is an error', (line, code, text) => {
    refused(`\n${line}\n`).toThrow(expect.objectContaining({ code, line: 2, message: expect.stringContaining(text) }));
  });
});

describe('a flow rule', () => {
  const none = {
    mark: undefined,
    ethernet: false,
    family: undefined,
    source: undefined,
    destination: undefined,
    queue: undefined,
    count: false,
    security: false,
    setMark: undefined,
  };

  it('has pattern and actions in any order', () => {
    const { flows, warnings } = parse(
      'flow mark 7 eth ipv4 src 10.0.0.0/8 ipv4 dst 10.1.0.0/16 port 1 queue 2 count security set_mark 9\nflow port 0 security\n',
    );
    expect(warnings).toEqual([]);
    expect(flows).toEqual([
      {
        place: { file: 'x.cfg', line: 1, column: 1 },
        port: 1,
        mark: 7,
        ethernet: true,
        family: 'ipv4',
        source: { address: Uint8Array.of(10, 0, 0, 0), length: 8 },
        destination: { address: Uint8Array.of(10, 1, 0, 0), length: 16 },
        queue: 2,
        count: true,
        security: true,
        setMark: 9,
      },
      { place: { file: 'x.cfg', line: 2, column: 1 }, ...none, port: 0, security: true },
    ]);
  });

  it('is read in the dialect of DPDK 20.08 as well', () => {
    const { flows, warnings } = parse('flow ipv4 src 10.0.0.0/8 dst 10.1.0.0/16 port 1 3\n');
    expect(warnings).toEqual([]);
    expect(flows).toMatchObject([{ port: 1, queue: 3, source: { length: 8 }, destination: { length: 16 } }]);
  });

  it('without a prefix length is for one address, with a warning', () => {
    const { flows, warnings } = parse('flow ipv6 dst fd00::1 port 0 queue 0\n');
    expect(flows[0].destination).toMatchObject({ length: 128 });
    expect(warnings).toMatchObject([{ code: 'WARN_HOST_ADDRESS' }]);
  });

  it('without a port is for port 0, with a warning', () => {
    expect(parse('flow eth count\n')).toMatchObject({ flows: [{ port: 0 }], warnings: [{ code: 'WARN_NO_PORT' }] });
  });

  it('beyond the 128th is passed over, with a warning', () => {
    const { flows, warnings } = parse('flow port 0 count\n'.repeat(129));
    expect(flows).toHaveLength(128);
    expect(warnings).toMatchObject([{ code: 'WARN_LOST_FLOW', line: 129 }]);
  });

  it.each([
    ['flow', 'ERR_CONFIG_MISSING', 'expected a pattern or an action after "flow"'],
    ['flow porrt 1', 'ERR_CONFIG_WORD', 'unrecognized input "porrt"; did you mean "port"?'],
    ['flow ipv4 port 1', 'ERR_CONFIG_WORD', 'expected "src" or "dst" after "ipv4"'],
    ['flow ipv4 src', 'ERR_CONFIG_MISSING', 'expected an address after "src"'],
    ['flow dst 10.0.0.0/8', 'ERR_CONFIG_WORD', 'unrecognized input "dst": expected "ipv4" or "ipv6" before it'],
    ['flow ipv4 src 10.0.0.0/8 ipv6 dst ::/1', 'ERR_CONFIG_CONFLICT', 'conflict item between "ipv6" and "ipv4"'],
    ['flow ipv4 src 10.0.0.0/40', 'ERR_CONFIG_RANGE', 'prefix length over-limit'],
    ['flow mark x', 'ERR_CONFIG_NUMBER', 'input "x" is not valid number string'],
    ['flow set_mark 4294967296', 'ERR_CONFIG_RANGE', 'a mark over-limit'],
    ['flow port 1 queue', 'ERR_CONFIG_MISSING', 'expected a queue number after "queue"'],
    ['flow port 1 queue 65536', 'ERR_CONFIG_RANGE', 'a queue number over-limit'],
  ])('%j is an error', (line, code, text) => {
    refused(`\n${line}\n`).toThrow(expect.objectContaining({ code, line: 2, message: expect.stringContaining(text) }));
  });
});

describe('a directive', () => {
  it.each([
    ['spp ipv4', 'parsing "spp" failed: expected one of sp, sa, rt, neigh, flow; did you mean "sp"?'],
    ['SP ipv4', 'parsing "SP" failed'],
    ['mode ipv4-tunnel', '"mode" belongs to the directive above, which has ended'],
    ['2b:7e:15:16', 'parsing (not shown: it might be a piece of a key) failed'],
  ])('that begins with %j is an error', (line, text) => {
    refused(`\n${line}\n`).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_WORD', line: 2, message: expect.stringContaining(text) }),
    );
  });

  it('other than sa has at most 32 words behind the first', () => {
    const words = (count: number) => `rt ipv4 dst 10.0.0.0/8 port 1 ${'x '.repeat(count - 5)}\n`;
    expect(parse(words(32)).routes).toHaveLength(1);
    refused(words(33)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_LIMIT', message: expect.stringContaining('too many arguments') }),
    );
  });
});
