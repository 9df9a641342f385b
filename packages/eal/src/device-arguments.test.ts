import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeviceArguments, parseDeviceArguments } from './device-arguments.ts';

function failing(code: string) {
  return expect.objectContaining({ code, errno: 'EINVAL' });
}

describe('the arguments of a device', () => {
  it('are a name and keys with values', () => {
    const device = parseDeviceArguments('net_tap0,iface=dtap0,mac=fixed');
    expect(device.name).toBe('net_tap0');
    expect([device.get('iface'), device.get('mac'), device.get('remote')]).toEqual(['dtap0', 'fixed', undefined]);
    expect(device.text).toBe('net_tap0,iface=dtap0,mac=fixed');
  });

  it('may be none at all', () => {
    expect(parseDeviceArguments('crypto_null').entries).toEqual([]);
    expect(parseDeviceArguments('crypto_null,').entries).toEqual([]);
  });

  it('may repeat a key, stand without a value, and contain = and commas in brackets', () => {
    const device = parseDeviceArguments('net_pcap0,rx_pcap=a.pcap,rx_pcap=b=c.pcap,persist,ports=[1,2],x=a[0]');
    expect(device.all('rx_pcap')).toEqual(['a.pcap', 'b=c.pcap']);
    expect(device.get('rx_pcap')).toBe('a.pcap');
    expect([device.has('persist'), device.get('persist'), device.has('mac')]).toEqual([true, '', false]);
    expect([device.get('ports'), device.get('x')]).toEqual(['[1,2]', 'a[0]']);
  });

  it.each(['', ',mac=fixed', 'mac=fixed', 'net_tap0,=fixed', 'net_tap0,ports=[1,2'])('are refused as %j', (text) => {
    expect(() => parseDeviceArguments(text)).toThrow(failing('ERR_DEVICE_ARGUMENTS'));
  });

  it('are written as they were read', () => {
    const word = fc.stringMatching(/^[a-z0-9_.:/-]{1,12}$/);
    fc.assert(
      fc.property(word, fc.array(fc.record({ key: word, value: fc.oneof(word, fc.constant('')) })), (name, entries) => {
        const device = new DeviceArguments(name, entries);
        expect(parseDeviceArguments(device.text)).toEqual(device);
      }),
    );
  });

  it('give numbers within limits', () => {
    const device = parseDeviceArguments('net_null0,size=64,pace=0x10,copy=,bad=6x');
    expect([device.integer('size'), device.integer('pace'), device.integer('none')]).toEqual([64, 16, undefined]);
    expect(() => device.integer('size', 65, 100)).toThrow(failing('ERR_DEVICE_ARGUMENT_VALUE'));
    expect(() => device.integer('copy')).toThrow(failing('ERR_DEVICE_ARGUMENT_VALUE'));
    expect(() => device.integer('bad', 1, 9)).toThrow(
      'device net_null0 cannot have this bad: expected a number from 1 to 9, got "6x"',
    );
  });

  it('give switches', () => {
    const device = parseDeviceArguments('net_null0,a=1,b=0,c,d=yes,e=off,f=maybe');
    expect(['a', 'b', 'c', 'd', 'e', 'none'].map((key) => device.flag(key))).toEqual([
      true,
      false,
      true,
      true,
      false,
      false,
    ]);
    expect(() => device.flag('f')).toThrow(failing('ERR_DEVICE_ARGUMENT_VALUE'));
  });

  it('give one of a few words', () => {
    const device = parseDeviceArguments('06:00.0,engine=noble,wire=cabel');
    expect(device.choice('engine', ['noble', 'openssl'])).toBe('noble');
    expect(device.choice('pace', ['a'])).toBeUndefined();
    expect(() => device.choice('wire', ['cable', 'null'])).toThrow(failing('ERR_DEVICE_ARGUMENT_VALUE'));
  });

  it('are required', () => {
    const device = parseDeviceArguments('net_af_packet0,iface=eth1,empty=');
    expect(device.require('iface')).toBe('eth1');
    expect(() => device.require('empty')).toThrow(failing('ERR_DEVICE_ARGUMENT_MISSING'));
    expect(() => device.require('other')).toThrow(failing('ERR_DEVICE_ARGUMENT_MISSING'));
  });

  it('are refused when the driver does not know them', () => {
    const device = parseDeviceArguments('net_tap0,ifcae=x');
    device.requireKnown(['ifcae'], 'net_tap');
    expect(() => device.requireKnown(['iface', 'mac'], 'net_tap')).toThrow(failing('ERR_DEVICE_ARGUMENT_UNKNOWN'));
    expect(() => device.requireKnown(['iface', 'mac'], 'net_tap')).toThrow(
      'net_tap does not know this argument of device net_tap0: expected iface, mac, got ifcae; did you mean iface?',
    );
    expect(() => device.requireKnown([], 'crypto_null')).toThrow('expected no arguments, got ifcae');
  });
});
