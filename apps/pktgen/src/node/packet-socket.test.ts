import { describe, expect, it } from 'vitest';
import { type ForeignFunctions, PacketSocket } from './packet-socket.ts';

const linux = process.platform === 'linux';
const koffi = await import('koffi').then(
  () => true,
  () => false,
);
const root = process.getuid?.() === 0;
const why = !koffi ? ' (skipped: koffi is not installed)' : root ? '' : ' (skipped: not root)';
if (why !== '') console.warn(`packet-socket.test.ts: the loop interface is not tried${why}`);

/** A libc in which every call ends as it is told. */
function fakeLibc(results: Record<string, number | number[]>, errno = 'EIO') {
  const calls: string[] = [];
  const numbers: Record<string, number> = { EIO: 5, EPERM: 1, EINTR: 4, EMSGSIZE: 90, ENETDOWN: 100, ENOBUFS: 105 };
  const koffi: ForeignFunctions = {
    load: () => ({
      func: (definition) => {
        const name = /(\w+)\(/.exec(definition)?.[1] ?? '';
        return (...args) => {
          calls.push(name);
          if (name === 'getsockname' && args[1] instanceof Uint8Array) {
            new Uint16Array(args[1].buffer)[4] = 1;
            args[1].set([6, 2, 0, 0, 0, 0, 0xaa], 11);
          }
          const result = results[name] ?? 1;
          return typeof result === 'number' ? result : (result.shift() ?? 1);
        };
      },
    }),
    errno: () => numbers[errno],
    os: { errno: numbers },
  };
  return { calls, open: () => PacketSocket.open('eth9', async () => koffi) };
}

describe.skipIf(!linux)(`a packet socket${linux ? '' : ' (skipped: not Linux)'}`, () => {
  it('says what to do when koffi is not there', async () => {
    const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    await expect(PacketSocket.open('eth9', () => Promise.reject(missing))).rejects.toMatchObject({
      code: 'ERR_PKTGEN_KOFFI',
      message:
        'cannot send by interface eth9, because the package koffi, which makes system calls, cannot be loaded; install it (npm install koffi), or write to a pcap file with -o',
    });
  });

  it('says what to do when the interface is not there', async () => {
    await expect(fakeLibc({ if_nametoindex: 0 }).open()).rejects.toMatchObject({
      code: 'ERR_PKTGEN_INTERFACE',
      message:
        'there is no network interface eth9; name one that `ip link` lists with -i, or write to a pcap file with -o',
    });
  });

  it('says what to do without the privilege', async () => {
    await expect(fakeLibc({ socket: -1 }, 'EPERM').open()).rejects.toMatchObject({
      code: 'ERR_PKTGEN_PRIVILEGE',
      message:
        'this process may not send raw frames by interface eth9: expected the capability CAP_NET_RAW; run as root, or write to a pcap file with -o',
    });
  });

  it('closes what it opened when it cannot go on', async () => {
    const { calls, open } = fakeLibc({ bind: -1 });
    await expect(open()).rejects.toMatchObject({
      code: 'ERR_PKTGEN_SOCKET',
      message: expect.stringContaining('got EIO'),
    });
    expect(calls.at(-1)).toBe('close');
  });

  it('knows the address of its interface', async () => {
    expect([...(await fakeLibc({}).open()).macAddress]).toEqual([2, 0, 0, 0, 0, 0xaa]);
  });

  it.each([
    ['EMSGSIZE', 'a frame of 60 bytes is too long for it; make it shorter with -s, or raise its MTU'],
    ['ENETDOWN', 'it is down; set it up: ip link set eth9 up'],
    ['EIO', 'the kernel says EIO'],
  ])('says after how many frames it stopped, and why: %s', async (errno, why) => {
    const socket = await fakeLibc({ send: [60, 60, -1] }, errno).open();
    const send = () => socket.send(new Uint8Array(60));
    send();
    send();
    expect(send).toThrow(`interface eth9 does not send, after 2 frames: ${why}`);
  });

  it('waits for a full queue to empty itself', async () => {
    const { calls, open } = fakeLibc({ send: [-1, -1, 60] }, 'ENOBUFS');
    (await open()).send(new Uint8Array(60));
    expect(calls.filter((name) => name === 'send')).toHaveLength(3);
  });

  it.skipIf(why !== '')(`sends by the loop interface${why}`, async () => {
    const socket = await PacketSocket.open('lo');
    expect([...socket.macAddress]).toEqual([0, 0, 0, 0, 0, 0]);
    socket.send(new Uint8Array(60));
    socket.close();
    expect(() => socket.send(new Uint8Array(60))).toThrow(
      'interface lo does not send, after 1 frames: the kernel says EBADF',
    );
    await expect(PacketSocket.open('nosuch0')).rejects.toMatchObject({ code: 'ERR_PKTGEN_INTERFACE' });
  });
});
