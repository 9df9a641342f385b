import { parseDeviceArguments } from '@inline-ipsec/eal/device-arguments';
import { type SimulatedEnvironment, simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { LINKTYPE_EN10MB, LINKTYPE_LINUX_SLL, LINKTYPE_RAW } from '@inline-ipsec/net/link-type';
import { readCapture, writePcap, writePcapng } from '@inline-ipsec/net/pcap';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryCaptureFiles } from './capture-files.ts';
import { CaptureSink } from './capture-sink.ts';
import { PcapWire, pcapWireKind } from './pcap-wire.ts';
import type { Wire } from './wire.ts';

const SLOT = 4096;
let memory: Memory;
let environment: SimulatedEnvironment;
let files: MemoryCaptureFiles;
let at: Uint32Array;
const lengths = new Uint32Array(64);

beforeEach(() => {
  memory = Memory.create({ bytes: 4 * 1024 * 1024 });
  environment = simulatedEnvironment(1, Date.UTC(2018, 5, 1, 12, 0, 0, 250));
  files = new MemoryCaptureFiles();
  const zone = memory.reserve('slots', 64 * SLOT);
  at = Uint32Array.from({ length: 64 }, (_, i) => zone.position + 2 + i * SLOT);
});

const frame = (number: number, length = 60) => Uint8Array.from({ length }, (_, i) => (i === 0 ? number : number + i));
const capture = (...frames: Uint8Array[]) => writePcap(frames.map((data) => ({ data })));

function open(text: string): readonly Wire[] {
  return pcapWireKind(files).open({ memory, environment }, parseDeviceArguments(text));
}

function take(wire: Wire, n = 64, room = SLOT - 2): Uint8Array[] {
  const count = wire.receive(at, room, lengths, n);
  return Array.from({ length: count }, (_, i) => memory.u8.slice(at[i], at[i] + Math.min(lengths[i], room)));
}

function send(wire: Wire, ...frames: Uint8Array[]): number {
  frames.forEach((bytes, i) => {
    memory.u8.set(bytes, at[i]);
    lengths[i] = bytes.length;
  });
  return wire.transmit(at, lengths, frames.length);
}

describe('PcapWire, receiving', () => {
  it('gives the frames of a file in order, waits for whoever takes them, and is done at the end', () => {
    const frames = Array.from({ length: 100 }, (_, i) => frame(i, 60 + i));
    files.files.set('in.pcap', capture(...frames));
    const [wire] = open('net_pcap0,rx_pcap=in.pcap');
    expect(wire.link).toEqual({ up: true, speedMbps: 10_000 });
    expect(wire.endless).toBeUndefined();
    const got = [...take(wire, 1), ...take(wire, 0), ...take(wire, 33)];
    environment.advance(60e9);
    expect(wire.done).toBe(false);
    for (let more = take(wire, 7); more.length > 0; more = take(wire, 7)) got.push(...more);
    expect(got).toEqual(frames);
    expect([wire.done, wire.missed, wire.failure]).toEqual([true, 0, undefined]);
  });

  it('gives exactly the frames of any capture, in either format', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(sizes, fc.boolean(), fc.integer({ min: 1, max: 64 }), (lengthsOf, ng, n) => {
        const frames = lengthsOf.map((length, i) => frame(i, length));
        const data = frames.map((bytes) => ({ data: bytes }));
        files.files.set('in', ng ? writePcapng(data) : writePcap(data));
        const [wire] = open('net_pcap0,rx_pcap=in');
        const got: Uint8Array[] = [];
        while (!wire.done) got.push(...take(wire, n));
        expect(got).toEqual(frames);
        wire.close();
      }),
      { numRuns: 100 },
    );
  });

  it('cuts a frame at the room that there is and gives its true length', () => {
    files.files.set('in.pcap', capture(frame(1, 300), frame(2, 60)));
    const [wire] = open('net_pcap0,rx_pcap=in.pcap');
    expect(take(wire, 2, 100)).toEqual([frame(1, 300).slice(0, 100), frame(2, 60)]);
    expect(lengths[0]).toBe(300);
  });

  it('leaves out check sequences that the file says it has, and empty frames', () => {
    const bytes = capture(frame(1, 64), new Uint8Array(0), frame(2, 64));
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(20, 1 | 0x0400_0000 | (2 << 28), true);
    files.files.set('in.pcap', bytes);
    const [wire] = open('net_pcap0,rx_pcap=in.pcap');
    expect(take(wire)).toEqual([frame(1, 64).slice(0, 60), frame(2, 64).slice(0, 60)]);
  });

  it('gives the whole frames of a file that was cut in mid-frame, and says then what is wrong with which file', () => {
    files.files.set('cut.pcap', capture(frame(1), frame(2), frame(3)).slice(0, -10));
    const [wire] = open('net_pcap0,rx_pcap=cut.pcap');
    expect(take(wire)).toEqual([frame(1), frame(2)]);
    expect(wire.done).toBe(true);
    expect(wire.failure?.code).toBe('ERR_CAPTURE_TRUNCATED');
    expect(wire.failure?.message).toMatch(/^cut\.pcap: /);
  });

  it('stops with an error of its own when the file can be read no further', () => {
    const bytes = capture(frame(1), frame(2));
    let reads = 0;
    const source = {
      read: (into: Uint8Array) => {
        if (reads++ > 0) throw new Error('EIO: i/o error, read');
        into.set(bytes.subarray(0, 110));
        return 110;
      },
    };
    const wire = new PcapWire({ memory, environment }, { source, sourceName: 'broken.pcap' });
    expect(take(wire)).toEqual([frame(1)]);
    expect(wire.done).toBe(true);
    expect(wire.failure).toMatchObject({ code: 'ERR_CAPTURE_READ', errno: 'EIO' });
  });

  it('gives the file again and again with infinite_rx=1, and never is done', () => {
    files.files.set('in.pcap', capture(frame(1, 60), frame(2, 61), frame(3, 62)));
    const [wire] = open('net_pcap0,rx_pcap=in.pcap,infinite_rx=1');
    expect(wire.endless).toMatch(/in\.pcap.*infinite_rx/);
    expect(take(wire, 7).map((bytes) => bytes[0])).toEqual([1, 2, 3, 1, 2, 3, 1]);
    expect(take(wire, 2)).toEqual([frame(2, 61), frame(3, 62)]);
    expect(wire.done).toBe(false);
    wire.close();
    expect(wire.done).toBe(true);
    expect(memory.lookup('replay_net_pcap0_0')).toBeUndefined();
  });

  it('refuses to repeat a file without frames, or one that is not whole', () => {
    files.files.set('empty.pcap', capture());
    files.files.set('cut.pcap', capture(frame(1), frame(2)).slice(0, -10));
    expect(() => open('p,rx_pcap=empty.pcap,infinite_rx=1')).toThrow(/^empty\.pcap: /);
    expect(() => open('p,rx_pcap=cut.pcap,infinite_rx=1')).toThrow(
      expect.objectContaining({ code: 'ERR_CAPTURE_TRUNCATED' }),
    );
    const [wire] = open('p,rx_pcap=empty.pcap');
    expect([wire.done, take(wire)]).toEqual([true, []]);
  });

  it('gives frames at a pace, loses those that nobody took in time, and counts them', () => {
    const frames = Array.from({ length: 3000 }, (_, i) => Uint8Array.of(i & 0xff, i >> 8));
    files.files.set('in.pcap', capture(...frames));
    const [wire] = open('net_pcap0,rx_pcap=in.pcap,pace=1000');
    environment.advance(10e9);
    expect(take(wire)).toEqual([frames[0]]);
    environment.advance(5.5e6);
    expect(take(wire)).toEqual(frames.slice(1, 6));
    environment.advance(2e9);
    const got = take(wire);
    // 2001 were due, 1024 of them could wait.
    expect(wire.missed).toBe(976);
    expect(got[0]).toEqual(frames[6 + 976]);
    environment.advance(60e9);
    while (!wire.done) take(wire);
    expect(take(wire)).toEqual([]);
  });

  it('keeps the pace of a file that is repeated', () => {
    files.files.set('in.pcap', capture(frame(1), frame(2), frame(3)));
    const [wire] = open('net_pcap0,rx_pcap=in.pcap,infinite_rx=1,pace=1000000');
    expect(take(wire).length).toBe(1);
    environment.advance(4000);
    expect(take(wire).map((bytes) => bytes[0])).toEqual([2, 3, 1, 2]);
    environment.advance(2e6);
    // 2000 are due, so 976 are lost: 2 + 976 is 0 modulo 3.
    expect(take(wire, 1)[0][0]).toBe(((2 + 976) % 3) + 1);
  });
});

describe('PcapWire, in the time of its capture', () => {
  /** A capture of frames with one byte each that came so many milliseconds behind the first one. */
  function captured(...milliseconds: number[]): Uint8Array {
    return writePcap(
      milliseconds.map((ms, i) => ({
        data: frame(i + 1),
        seconds: 1_700_000_000 + Math.floor((999 + ms) / 1000),
        nanoseconds: Math.round((((999 + ms) % 1000) * 1e6) % 1e9),
      })),
    );
  }
  const first = (frames: readonly Uint8Array[]) => frames.map((bytes) => bytes[0]);

  it('gives each frame when it came, counted from the first look', () => {
    files.files.set('in.pcap', captured(0, 1, 1, 2.5, 2000));
    const [wire] = open('net_pcap0,rx_pcap=in.pcap,pace=capture');
    environment.advance(10e9);
    expect(first(take(wire))).toEqual([1]);
    environment.advance(999_999);
    expect(take(wire)).toEqual([]);
    environment.advance(1);
    expect(first(take(wire))).toEqual([2, 3]);
    environment.advance(1_997_499_999 + 1_500_000);
    expect([first(take(wire)), wire.done]).toEqual([[4], false]);
    environment.advance(1);
    expect([first(take(wire)), wire.done, wire.missed]).toEqual([[5], true, 0]);
    expect([take(wire), wire.endless]).toEqual([[], undefined]);
  });

  it('gives a frame that came before the one in front of it with that one', () => {
    files.files.set('in.pcap', captured(0, 5, 3, 6));
    const [wire] = open('net_pcap0,rx_pcap=in.pcap,pace=capture');
    expect(first(take(wire))).toEqual([1]);
    environment.advance(4e6);
    expect(take(wire)).toEqual([]);
    environment.advance(1e6);
    expect(first(take(wire))).toEqual([2, 3]);
    environment.advance(1e6);
    expect(first(take(wire))).toEqual([4]);
  });

  it('gives all at once where a file has no times', () => {
    files.files.set('in.pcap', capture(frame(1), frame(2)));
    const [wire] = open('net_pcap0,rx_pcap=in.pcap,pace=capture');
    expect(first(take(wire))).toEqual([1, 2]);
  });

  it('loses what nobody took in time, and ends with the file', () => {
    files.files.set('in.pcap', captured(...Array.from({ length: 3000 }, (_, i) => i)));
    const [wire] = open('net_pcap0,rx_pcap=in.pcap,pace=capture');
    expect(take(wire).length).toBe(1);
    environment.advance(60e9);
    const got = take(wire, 1);
    // 1024 wait.
    expect([wire.missed, got[0][0]]).toEqual([2999 - 1024, (3000 - 1024 + 1) & 0xff]);
    let rest = 0;
    while (!wire.done) rest += take(wire).length;
    expect(rest).toBe(1023);
  });

  it('is over at once with an empty file, and lets several files keep their own times', () => {
    files.files.set('none.pcap', capture());
    files.files.set('a.pcap', captured(0, 4));
    files.files.set('b.pcap', captured(0, 2));
    expect(open('net_pcap0,rx_pcap=none.pcap,pace=capture')[0].done).toBe(true);
    const [a, b] = open('net_pcap1,rx_pcap=a.pcap,rx_pcap=b.pcap,pace=capture');
    expect([first(take(a)), first(take(b))]).toEqual([[1], [1]]);
    environment.advance(2e6);
    expect([first(take(a)), first(take(b))]).toEqual([[], [2]]);
  });

  it('refuses to repeat it, and what is no pace', () => {
    files.files.set('in.pcap', captured(0, 1));
    for (const text of ['pace=capture,infinite_rx=1', 'pace=captured']) {
      expect(() => open(`p,rx_pcap=in.pcap,${text}`)).toThrow(
        expect.objectContaining({ code: 'ERR_DEVICE_ARGUMENT_VALUE' }),
      );
    }
  });
});

describe('PcapWire, what it refuses', () => {
  it.each([
    ['RAW', LINKTYPE_RAW, /RAW \(101\).*tcprewrite --dlt=enet/],
    ['LINUX_SLL', LINKTYPE_LINUX_SLL, /LINUX_SLL \(113\).*one Ethernet interface/],
  ])('frames of link type %s, by its name, with the way out', (_name, linkType, message) => {
    for (const bytes of [
      writePcap([{ data: frame(1) }], { linkType }),
      writePcapng([{ data: frame(1) }], { interfaces: [{ linkType }] }),
    ]) {
      files.files.set('other.pcap', bytes);
      expect(() => open('net_pcap0,rx_pcap=other.pcap')).toThrow(
        expect.objectContaining({ code: 'ERR_WIRE_LINK_TYPE', message: expect.stringMatching(message) }),
      );
      expect(() => open('net_pcap0,rx_pcap=other.pcap')).toThrow(/^other\.pcap holds no Ethernet frames/);
    }
  });

  it('frames of another link type behind Ethernet frames, when it comes to them', () => {
    const interfaces = [{ linkType: LINKTYPE_EN10MB }, { linkType: LINKTYPE_RAW }];
    const data = [{ data: frame(1) }, { data: frame(2), interfaceId: 1 }, { data: frame(3) }];
    files.files.set('mixed.pcapng', writePcapng(data, { interfaces }));
    const [wire] = open('net_pcap0,rx_pcap=mixed.pcapng');
    expect(take(wire)).toEqual([frame(1)]);
    expect(wire.failure?.code).toBe('ERR_WIRE_LINK_TYPE');
    expect(wire.done).toBe(true);
  });

  it('a file that is no capture, or not there, by its path', () => {
    files.files.set(
      'text.pcap',
      Uint8Array.from({ length: 100 }, () => 0x41),
    );
    expect(() => open('p,rx_pcap=text.pcap')).toThrow(
      expect.objectContaining({ code: 'ERR_CAPTURE_FORMAT', message: expect.stringMatching(/^text\.pcap: /) }),
    );
    expect(() => open('p,rx_pcap=none.pcap')).toThrow(
      expect.objectContaining({ code: 'ERR_CAPTURE_FILE', message: expect.stringContaining('none.pcap') }),
    );
  });

  it('to write the file that it reads, and leaves that as it is', () => {
    const bytes = capture(frame(1));
    files.files.set('one.pcap', bytes);
    expect(() => open('p,rx_pcap=one.pcap,tx_pcap=one.pcap')).toThrow(
      expect.objectContaining({ code: 'ERR_CAPTURE_SAME_FILE' }),
    );
    expect(files.files.get('one.pcap')).toEqual(bytes);
    expect(open('p,rx_pcap=one.pcap').length).toBe(1);
  });

  it('no file at all, empty names, and numbers that make no sense', () => {
    expect(() => open('p')).toThrow(expect.objectContaining({ code: 'ERR_DEVICE_ARGUMENT_MISSING' }));
    expect(() => open('p,rx_pcap=')).toThrow(expect.objectContaining({ code: 'ERR_DEVICE_ARGUMENT_MISSING' }));
    files.files.set('a', capture(frame(1)));
    for (const text of ['pace=0', 'pace=fast', 'infinite_rx=2']) {
      expect(() => open(`p,rx_pcap=a,${text}`)).toThrow(expect.objectContaining({ code: 'ERR_DEVICE_ARGUMENT_VALUE' }));
    }
  });

  it('to begin writing before all that is read was found good', () => {
    expect(() => open('p,rx_pcap=none.pcap,tx_pcap=out.pcap')).toThrow();
    expect(files.files.has('out.pcap')).toBe(false);
  });
});

describe('PcapWire, sending', () => {
  it('writes frames with the time of day into a pcap file in microseconds', () => {
    const [wire] = open('net_pcap0,tx_pcap=out.pcap');
    expect(wire.done).toBe(true);
    expect(send(wire, frame(1), frame(2, 1500))).toBe(2);
    environment.advance(1.5e9);
    send(wire, frame(3, 61));
    wire.close();
    const bytes = files.files.get('out.pcap') ?? new Uint8Array(0);
    expect(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)).toBe(0xa1b2c3d4);
    const seconds = Date.UTC(2018, 5, 1, 12, 0, 0) / 1000;
    expect(
      readCapture(bytes).map(({ data, seconds: s, nanoseconds, linkType }) => ({ data, s, nanoseconds, linkType })),
    ).toEqual([
      { data: frame(1), s: seconds, nanoseconds: 250_000_000, linkType: LINKTYPE_EN10MB },
      { data: frame(2, 1500), s: seconds, nanoseconds: 250_000_000, linkType: LINKTYPE_EN10MB },
      { data: frame(3, 61), s: seconds + 1, nanoseconds: 750_000_000, linkType: LINKTYPE_EN10MB },
    ]);
  });

  it('buffers until it is flushed', () => {
    const [wire] = open('net_pcap0,tx_pcap=out.pcap');
    send(wire, frame(1));
    expect(files.files.get('out.pcap')?.length).toBe(0);
    wire.flush();
    expect(readCapture(files.files.get('out.pcap') ?? new Uint8Array(0)).length).toBe(1);
  });

  it('makes a good file of nothing sent', () => {
    const [wire] = open('net_pcap0,tx_pcap=out.pcap');
    wire.close();
    expect(readCapture(files.files.get('out.pcap') ?? new Uint8Array(0))).toEqual([]);
  });

  it('throws away what is sent when there is no tx_pcap', () => {
    files.files.set('in.pcap', capture(frame(1)));
    const [wire] = open('net_pcap0,rx_pcap=in.pcap');
    expect(send(wire, frame(9))).toBe(1);
    wire.close();
    expect(send(wire, frame(9))).toBe(0);
  });

  it('takes no more and says why when the file cannot be written', () => {
    const target = {
      write: () => {
        throw new Error('ENOSPC: no space left on device, write');
      },
    };
    const wire = new PcapWire({ memory, environment });
    wire.sendInto(new CaptureSink(memory, environment, target, 'full.pcap'));
    expect(send(wire, frame(1))).toBe(1);
    wire.flush();
    expect(wire.failure).toMatchObject({ code: 'ERR_CAPTURE_WRITE', errno: 'EIO' });
    expect(wire.failure?.message).toMatch(/full\.pcap.*ENOSPC/);
    expect(send(wire, frame(2))).toBe(0);
    wire.close();
  });
});

describe('PcapWire, several queues', () => {
  beforeEach(() => {
    files.files.set('a', capture(frame(1)));
    files.files.set('b', capture(frame(2)));
  });

  it('has a queue for each rx_pcap, and one file for what all of them send', () => {
    const wires = open('p,rx_pcap=a,rx_pcap=b,tx_pcap=out');
    expect(wires.map((wire) => take(wire))).toEqual([[frame(1)], [frame(2)]]);
    for (const [i, wire] of wires.entries()) send(wire, frame(10 + i));
    wires[0].close();
    send(wires[1], frame(12));
    wires[1].close();
    expect(readCapture(files.files.get('out') ?? new Uint8Array(0)).map(({ data }) => data[0])).toEqual([10, 11, 12]);
  });

  it('has a file for each queue when there are as many tx_pcap, and refuses another number', () => {
    const wires = open('p,rx_pcap=a,rx_pcap=b,tx_pcap=x,tx_pcap=y');
    for (const [i, wire] of wires.entries()) {
      send(wire, frame(20 + i));
      wire.close();
    }
    expect(readCapture(files.files.get('y') ?? new Uint8Array(0)).map(({ data }) => data[0])).toEqual([21]);
    expect(() => open('p,rx_pcap=a,rx_pcap=b,rx_pcap=a,tx_pcap=x,tx_pcap=y')).toThrow(/one tx_pcap, or 3/);
    expect(() => open('p,rx_pcap=a,rx_pcap=b,tx_pcap=x,tx_pcap=x')).toThrow(
      expect.objectContaining({ code: 'ERR_CAPTURE_SAME_FILE' }),
    );
  });
});
