import { describe, expect, it } from 'vitest';
import { parseConfiguration } from './configuration.ts';
import { heapKeyStore } from './key.ts';
import type { GatewayConfiguration } from './rules.ts';

const GCM = 'aead_algo aes-128-gcm aead_key 2b:7e:15:16:28:ae:d2:a6:ab:f7:15:88:09:cf:4f:3d:de:ad:be:ef';
const NULLS = 'cipher_algo null auth_algo null';
const TUNNEL = 'mode ipv4-tunnel src 172.16.1.5 dst 172.16.2.5';

function parse(text: string, library = false): GatewayConfiguration {
  return parseConfiguration(new TextEncoder().encode(text), { file: 'x.cfg', keys: heapKeyStore(), library });
}

const refused = (text: string, library = false) => expect(() => parse(text, library));

describe('an SA', () => {
  it('has direction, SPI, mode, addresses, keys, type and port', () => {
    const { sas, warnings } = parse(`sa out 1005 ${GCM} ${TUNNEL} port_id 1 type inline-crypto-offload\n`);
    expect(warnings).toEqual([]);
    expect(sas).toMatchObject([
      {
        place: { file: 'x.cfg', line: 1, column: 1 },
        direction: 'out',
        spi: 1005,
        mode: 'ipv4-tunnel',
        source: Uint8Array.of(172, 16, 1, 5),
        destination: Uint8Array.of(172, 16, 2, 5),
        type: 'inline-crypto-offload',
        port: 1,
        fallback: undefined,
        flowDirection: undefined,
        udpEncapsulation: false,
        esn: undefined,
        mss: 0,
        telemetry: false,
        reassembly: false,
      },
    ]);
  });

  it('may be an IPv6 tunnel or transport', () => {
    const { sas } = parse(`sa in 4294967295 ${GCM} mode ipv6-tunnel src fd00::1 dst fd00::2
sa in 6 ${GCM} mode transport
`);
    const end = (last: number) => Uint8Array.from({ length: 16 }, (_, i) => [0xfd, ...Array(14).fill(0), last][i]);
    expect(sas[0]).toMatchObject({ spi: 4294967295, mode: 'ipv6-tunnel', source: end(1), destination: end(2) });
    expect(sas[1]).toMatchObject({ mode: 'transport', source: new Uint8Array(0), destination: new Uint8Array(0) });
  });

  it('may have every option there is', () => {
    const options = 'udp-encap mss 1400 esn 4294967296 telemetry reassembly_en';
    const { sas, warnings } = parse(
      `sa in 5 ${GCM} ${TUNNEL} type inline-crypto-offload port_id 0 fallback lookaside-none ${options}\n`,
      true,
    );
    expect(warnings).toEqual([]);
    expect(sas).toMatchObject([
      {
        fallback: 'lookaside-none',
        udpEncapsulation: true,
        mss: 1400,
        esn: 2 ** 32,
        telemetry: true,
        reassembly: true,
      },
    ]);
  });

  it('steers its packets with flow-direction', () => {
    expect(parse(`sa in 5 ${GCM} ${TUNNEL} flow-direction 1 3 port_id 1\n`).sas[0]).toMatchObject({
      type: 'no-offload',
      port: 1,
      flowDirection: { port: 1, queue: 3 },
    });
  });

  it.each(['no-offload', 'cpu-crypto'])('of type %s needs no port', (type) => {
    const { sas, warnings } = parse(`sa in 5 ${GCM} ${TUNNEL} type ${type}\n`);
    expect(sas[0]).toMatchObject({ type, port: undefined });
    expect(warnings).toEqual([]);
  });

  it.each(['inline-crypto-offload', 'inline-protocol-offload', 'lookaside-protocol-offload'])(
    'of type %s without port_id is none of a port, with a warning',
    (type) => {
      const { sas, warnings } = parse(`sa in 5 ${GCM} ${TUNNEL} type ${type}\n`);
      expect(sas[0].type).toBe('no-offload');
      expect(warnings).toMatchObject([
        { code: 'WARN_NO_PORT', text: expect.stringContaining('Missing portid option, falling back to non-offload') },
      ]);
    },
  );

  it('with SPI 0 is passed over with a warning, whatever else it has', () => {
    const { sas, warnings } = parse('sa in 0 nonsense 2b:7e\n');
    expect(sas).toEqual([]);
    expect(warnings).toMatchObject([{ code: 'WARN_SPI_ZERO', line: 1 }]);
  });

  it('of any direction but in is outbound, with a warning', () => {
    const { sas, warnings } = parse(`sa inn 5 ${GCM} ${TUNNEL}\n`);
    expect(sas[0].direction).toBe('out');
    expect(warnings).toMatchObject([{ code: 'WARN_DIRECTION', column: 4, text: expect.stringContaining('"inn"') }]);
  });

  it('ignores addresses before its mode, with warnings', () => {
    const { sas, warnings } = parse(`sa in 5 ${GCM} src 1.2.3.4 dst 5.6.7.8 mode ipv4-tunnel\n`);
    expect(sas[0]).toMatchObject({ source: new Uint8Array(4), destination: new Uint8Array(4) });
    expect(warnings.map(({ code }) => code)).toEqual([
      'WARN_IGNORED_WORD',
      'WARN_IGNORED_WORD',
      'WARN_NO_ADDRESS',
      'WARN_NO_ADDRESS',
    ]);
  });

  it('without the ends of its tunnel has zero addresses, with warnings', () => {
    const { sas, warnings } = parse(`sa in 5 ${GCM} mode ipv6-tunnel\n`);
    expect(sas[0]).toMatchObject({ source: new Uint8Array(16), destination: new Uint8Array(16) });
    expect(warnings.map(({ text }) => text)).toEqual([
      'no "src": this end of the tunnel is ::',
      'no "dst": this end of the tunnel is ::',
    ]);
  });

  it('without integrity is warned of', () => {
    expect(parse(`sa in 5 ${NULLS} mode transport\n`).warnings).toMatchObject([{ code: 'WARN_NO_INTEGRITY' }]);
  });

  it('may have 32 words, which is all options at once, and loses a 33rd with a warning', () => {
    const algorithms = `cipher_algo aes-128-ctr cipher_key ${Array(20).fill('1').join(':')} auth_algo sha1-hmac auth_key ${Array(20).fill('2').join(':')}`;
    const port = 'flow-direction 1 0 type inline-crypto-offload port_id 1 fallback cpu-crypto';
    const line = `sa in 5 ${TUNNEL} ${algorithms} ${port} udp-encap mss 1 telemetry reassembly_en esn 7`;
    expect(line.split(' ')).toHaveLength(33);
    expect(parse(`${line}\n`, true).warnings).toEqual([]);
    const { sas, warnings } = parse(`${line.replace(' telemetry', ' telemetry \\\n')} whatever\n`, true);
    expect(sas[0].esn).toBe(7);
    expect(warnings).toMatchObject([
      { code: 'WARN_LOST_WORDS', line: 2, text: expect.stringContaining('too many arguments') },
    ]);
  });
});

describe('the error of an SA', () => {
  it.each([
    ['sa', 'ERR_CONFIG_MISSING', 'expected "in" or "out" after "sa"'],
    ['sa in', 'ERR_CONFIG_MISSING', 'expected an SPI after "in"'],
    ['sa in x5', 'ERR_CONFIG_NUMBER', 'input "x5" is not valid number string'],
    ['sa in 4294967296', 'ERR_CONFIG_RANGE', 'an SPI over-limit'],
    [`sa in 5 ${GCM}`, 'ERR_CONFIG_MISSING', 'missing mode option'],
    [`sa in 5 ${TUNNEL}`, 'ERR_CONFIG_MISSING', 'missing cipher or AEAD options'],
    [`sa in 5 ${TUNNEL} cipher_algo null`, 'ERR_CONFIG_MISSING', 'missing auth or AEAD options'],
    [`sa in 5 ${TUNNEL} auth_algo null`, 'ERR_CONFIG_MISSING', 'missing cipher or AEAD options'],
    [`sa in 5 ${TUNNEL} ${GCM} cipher_algo null`, 'ERR_CONFIG_CONFLICT', 'AEAD used, no need for cipher options'],
    [`sa in 5 ${TUNNEL} ${GCM} auth_algo null`, 'ERR_CONFIG_CONFLICT', 'AEAD used, no need for auth options'],
    [
      `sa in 5 ${GCM} mode tunnel`,
      'ERR_CONFIG_WORD',
      'unrecognized input "tunnel": expected one of ipv4-tunnel, ipv6-tunnel, transport',
    ],
    [`sa in 5 ${GCM} mode ipv4-tunel`, 'ERR_CONFIG_WORD', 'did you mean "ipv4-tunnel"?'],
    [`sa in 5 ${GCM} mode`, 'ERR_CONFIG_MISSING', 'expected a mode after "mode"'],
    [
      `sa in 5 ${GCM} mode transport src 1.2.3.4`,
      'ERR_CONFIG_WORD',
      'unrecognized input "src": expected no address in transport mode',
    ],
    [
      `sa in 5 ${GCM} mode ipv4-tunnel src 1.2.3`,
      'ERR_CONFIG_ADDRESS',
      'unrecognized input "1.2.3", expect valid ipv4 addr',
    ],
    [`sa in 5 ${GCM} mode ipv4-tunnel src dst`, 'ERR_CONFIG_ADDRESS', 'there is no address before "dst"'],
    [`sa in 5 ${GCM} mode ipv6-tunnel src 1.2.3.4`, 'ERR_CONFIG_ADDRESS', 'expect valid ipv6 addr'],
    [`sa in 5 ${TUNNEL} mode transport`, 'ERR_CONFIG_DUPLICATE', 'item "mode" already present'],
    [`sa in 5 ${GCM} ${GCM}`, 'ERR_CONFIG_DUPLICATE', 'item "aead_algo" already present'],
    [
      `sa in 5 ${GCM} type inline`,
      'ERR_CONFIG_WORD',
      'Invalid input "inline": expected one of no-offload, inline-crypto-offload',
    ],
    [`sa in 5 ${GCM} port_id`, 'ERR_CONFIG_MISSING', 'expected a port number after "port_id"'],
    [`sa in 5 ${GCM} port_id one`, 'ERR_CONFIG_NUMBER', 'input "one" is not valid number string'],
    [`sa in 5 ${GCM} port_id 32`, 'ERR_CONFIG_PORT', 'invalid port number "32"'],
    [
      `sa in 5 ${GCM} flow-direction 1 2 port_id 0`,
      'ERR_CONFIG_CONFLICT',
      'portid 0 not matching with already assigned portid 1',
    ],
    [
      `sa in 5 ${GCM} port_id 0 flow-direction 1 2`,
      'ERR_CONFIG_CONFLICT',
      'portid 1 not matching with already assigned portid 0',
    ],
    [
      `sa in 5 ${GCM} type inline-crypto-offload flow-direction 1 2`,
      'ERR_CONFIG_CONFLICT',
      'flow director not supported for security session type 1',
    ],
    [`sa in 5 ${GCM} udp-encap`, 'ERR_CONFIG_CONFLICT', 'UDP encapsulation not supported for security session type 0'],
    [
      `sa in 5 ${GCM} type cpu-crypto udp-encap`,
      'ERR_CONFIG_CONFLICT',
      'UDP encapsulation not supported for security session type 4',
    ],
    [`sa in 5 ${GCM} fallback lookaside-none`, 'ERR_CONFIG_CONFLICT', 'Fallback session not allowed for legacy mode.'],
    [`sa in 5 ${GCM} mss 65536`, 'ERR_CONFIG_RANGE', 'mss over-limit'],
    [`sa in 5 ${GCM} esn x`, 'ERR_CONFIG_NUMBER', 'input "x" is not valid number string'],
    [`sa in 5 ${GCM} modus transport`, 'ERR_CONFIG_WORD', 'unrecognized input "modus"'],
    [`sa in 5 ${GCM} portid 1`, 'ERR_CONFIG_WORD', 'unrecognized input "portid"; did you mean "port_id"?'],
    ['sa in 5 aead_algo aes-128-gmc aead_key 1', 'ERR_CONFIG_WORD', 'did you mean "aes-128-gcm"?'],
    [
      'sa in 5 cipher_algo aes-128-gcm cipher_key 1',
      'ERR_CONFIG_WORD',
      'unrecognized input "aes-128-gcm": expected one of null, aes-128-cbc',
    ],
    ['sa in 5 cipher_algo', 'ERR_CONFIG_MISSING', 'expected an algorithm after "cipher_algo"'],
    ['sa in 5 cipher_algo aes-128-cbc', 'ERR_CONFIG_MISSING', 'expected "cipher_key" after "aes-128-cbc"'],
    ['sa in 5 cipher_algo aes-128-cbc key 1', 'ERR_CONFIG_WORD', 'unrecognized input "key", expect "cipher_key"'],
    [
      'sa in 5 auth_algo sha1-hmac cipher_key 1',
      'ERR_CONFIG_WORD',
      'unrecognized input "cipher_key", expect "auth_key"',
    ],
    ['sa in 5 aead_algo aes-128-gcm aead_key', 'ERR_CONFIG_MISSING', 'expected the key after "aead_key"'],
    ['sa in 5 cipher_algo null cipher_key 1', 'ERR_CONFIG_WORD', 'unrecognized input "cipher_key"'],
    [
      'sa in 5 aead_algo aes-128-gcm aead_key 1:2:3',
      'ERR_CONFIG_KEY',
      'bad key length for "aes-128-gcm": expected 20 bytes (16 of key and 4 of salt behind it), got 3 bytes',
    ],
    ['sa in 5 cipher_algo aes-128-cbc cipher_key 1', 'ERR_CONFIG_KEY', 'expected 16 bytes, got 1 byte'],
    [
      'sa in 5 cipher_algo aes-128-cbc cipher_key 1:2g:3',
      'ERR_CONFIG_KEY',
      'bad key digit at character 4 of "cipher_key"',
    ],
    [
      'sa in 5 cipher_algo aes-128-cbc cipher_key 1:2: 3:4',
      'ERR_CONFIG_KEY',
      'a key that goes on in the next line begins there in the first column',
    ],
  ])('of %j says so', (line, code, text) => {
    refused(`\n${line}\n`).toThrow(
      expect.objectContaining({ code, file: 'x.cfg', line: 2, message: expect.stringContaining(text) }),
    );
    refused(`\n${line}\n`).toThrow(/^x\.cfg:2: error: /);
  });

  it('says what a fallback needs in library mode', () => {
    refused(`sa in 5 ${GCM} fallback cpu-crypto\n`, true).toThrow('type inline-crypto-offload only');
    const inline = 'type inline-crypto-offload port_id 1';
    refused(`sa out 5 ${GCM} ${inline} fallback cpu-crypto\n`, true).toThrow(
      'Fallback session not allowed for egress rule',
    );
    refused(`sa in 5 ${GCM} ${inline} fallback cpu\n`, true).toThrow('unrecognized fallback type');
  });

  it('says that GMAC stands alone', () => {
    const key = (bytes: number) => Array.from({ length: bytes }, () => '1').join(':');
    refused(
      `sa in 5 mode transport cipher_algo aes-128-cbc cipher_key ${key(16)} auth_algo aes-gmac auth_key ${key(20)}\n`,
    ).toThrow('"aes-gmac" and "aes-128-cbc" do not go together');
  });

  it('says that a missing empty line has joined two of them', () => {
    refused(`sa out 5 ${GCM} \\\n${TUNNEL} \\\ntype no-offload \\\nsa in 5 ${GCM}\n`).toThrow(
      'x.cfg:4: error: unrecognized input "sa"; the line before ends in a backslash',
    );
  });
});
