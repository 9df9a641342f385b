import { execFile, spawn } from 'node:child_process';
import { setTimeout as later } from 'node:timers/promises';
import { readCapture } from '@inline-ipsec/net/pcap';
import { afterEach, describe, expect, it } from 'vitest';
import { ALGORITHMS, type EspAssociation, saLine, tsharkWords } from './esp-association.ts';
import { lookFor, PYTHON, runForeign } from './foreign-programs.ts';
import { type Ending, GatewayProcess } from './gateway-process.ts';
import { NetworkNamespace, TAP_INTERFACES } from './network-namespace.ts';
import { frameOf, fromHex, hex, udpPacket } from './packets.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** The gateway between TAP interfaces: its neighbours are the kernel's own network stack, and ping. */

const PING = lookFor('ping', 'ping', '-V');
const TSHARK = lookFor('tshark', 'tshark', '--version');
const TCPDUMP = lookFor('tcpdump', 'tcpdump', '--version');

const MAC = ['02:64:74:61:70:30', '02:64:74:61:70:31'];
/** Nobody's: the gateway takes frames for any station, and neighbours are not asked for. */
const ANYBODY = '02:00:00:00:00:99';

const folder = new TemporaryFolder();
folder.write(
  'bypass.cfg',
  `
sp ipv4 in esp bypass pri 1 dst 0.0.0.0/0 \\
sport 0:65535 dport 0:65535
sp ipv4 out esp bypass pri 1 dst 0.0.0.0/0 \\
sport 0:65535 dport 0:65535
rt ipv4 dst 10.1.0.0/24 port 0
rt ipv4 dst 10.2.0.0/24 port 1
neigh port 0 ${MAC[0]}
neigh port 1 ${MAC[1]}
`,
);

/** Sends a frame by one interface and prints the next one that the kernel receives by another. */
const FIRST_FRAME = `
import socket, sys
def port(name):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((name, 0)); s.settimeout(0.5)
    return s
sender, receiver = port(sys.argv[1]), port(sys.argv[2])
sender.send(bytes.fromhex(sys.argv[3]))
print(receiver.recv(2048).hex())
`;

/** The line by which DPDK's packet tests start it, but for the library mode. */
const CONTRACT = [
  ...['--lcores=0', '-n', '4', '--vdev=crypto_null0', '--vdev=net_tap0,mac=fixed', '--vdev=net_tap1,mac=fixed'],
  ...['--no-pci', '--', '-p', '0x3', '-u', '1', '-P', '--config=(0,0,0),(1,0,0)', '-f', 'bypass.cfg'],
];

let running: GatewayProcess[] = [];

afterEach(async () => {
  const left = running;
  running = [];
  for (const gateway of left) gateway.signal('SIGTERM');
  await Promise.all(left.map(({ ended }) => ended));
});

function start(namespace: NetworkNamespace, words: readonly string[]): GatewayProcess {
  const gateway = new GatewayProcess(folder.path, words, {}, namespace.through);
  running.push(gateway);
  return gateway;
}

async function end(gateway: GatewayProcess): Promise<Ending> {
  gateway.signal('SIGTERM');
  running = running.filter((other) => other !== gateway);
  return gateway.ended;
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 1000) throw new Error(`it does not come: ${what}`);
    await later(10);
  }
}

/** Moves an interface of a gateway to the namespace of its neighbour, and makes it reach `there` by it. */
function plug(from: NetworkNamespace, name: string, to: NetworkNamespace, address: string, there: string): void {
  if (from !== to) from.ip(`link set ${name} netns ${to.name}`);
  const gateway = address.replace(/\d+$/, '254');
  to.ip(`link set ${name} up; addr add ${address}/24 dev ${name}; neigh add ${gateway} lladdr ${ANYBODY} dev ${name}`);
  to.ip(`route add ${there} via ${gateway}`);
}

function ping(namespace: NetworkNamespace, address: string, ...words: readonly string[]): Promise<string> {
  const all = ['netns', 'exec', namespace.name, 'ping', '-n', '-i', '0.02', '-W', '2', ...words, address];
  return new Promise((resolve, reject) => {
    execFile('ip', all, (error, stdout) => (error === null ? resolve(stdout) : reject(new Error(stdout))));
  });
}

describe.skipIf(!TAP_INTERFACES.here)(`a gateway on TAP interfaces${TAP_INTERFACES.note}`, () => {
  it('has dtap0 and dtap1 at once, up, with fixed addresses, and they end with it', async () => {
    const namespace = new NetworkNamespace();
    const gateway = start(namespace, CONTRACT);
    await until('dtap0', () => namespace.link('dtap0') !== undefined);
    // Whoever waits for the first goes on with the second right away, and sets addresses.
    namespace.ip('link set dtap1 up; addr add 192.168.31.92/24 dev dtap0; addr add 192.168.32.92/24 dev dtap1');
    for (const [port, name] of ['dtap0', 'dtap1'].entries()) {
      const link = namespace.link(name);
      expect(link?.flags).toEqual(expect.arrayContaining(['UP', 'LOWER_UP']));
      expect(link).toMatchObject({ address: MAC[port], mtu: 1500, linkinfo: { info_kind: 'tun' } });
      expect(link?.linkinfo?.info_data).toMatchObject({ type: 'tap', pi: false, vnet_hdr: false, persist: false });
    }
    await gateway.wrote('portid=1 rxqueueid=0');
    for (const address of MAC) expect(gateway.stdout).toContain(`Address: ${address.toUpperCase()}\n`);
    expect(gateway.stdout).toContain('Port 0 Link up at 10 Gbps FDX Fixed\nPort 1 Link up');
    expect(namespace.link('dtap0')?.flags).toContain('PROMISC');
    const { status, stdout, stderr } = await end(gateway);
    expect({ status, tail: stdout.slice(-8) }).toEqual({ status: 0, tail: 'Bye...\n'.padStart(8, '\n') });
    expect(stderr).toContain('ETHDEV: net_tap1 is interface dtap1\n');
    expect([namespace.link('dtap0'), namespace.link('dtap1')]).toEqual([undefined, undefined]);
  });

  it('forwards the first frame that it is sent, however early', async () => {
    const namespace = new NetworkNamespace();
    const gateway = start(namespace, CONTRACT);
    await until('dtap0', () => namespace.link('dtap0') !== undefined);
    const frame = frameOf(udpPacket('10.2.0.9', 64));
    const answer = namespace.run(folder.path, PYTHON, ['-c', FIRST_FRAME, 'dtap0', 'dtap1', hex(frame)]);
    const forwarded = fromHex(answer.trim());
    expect(hex(forwarded.subarray(0, 14))).toBe(`${MAC[1]}${MAC[1]}0800`.replaceAll(':', ''));
    expect(hex(forwarded.subarray(34))).toBe(hex(frame.subarray(34)));
    await gateway.wrote('portid=1 rxqueueid=0');
  });

  it('has the same names when it is started before the one before it has ended', async () => {
    const namespace = new NetworkNamespace();
    let before = start(namespace, CONTRACT);
    await before.wrote('portid=1 rxqueueid=0');
    for (let round = 0; round < 3; round++) {
      const next = start(namespace, CONTRACT);
      // Halfway through its start, the next one finds the names in use.
      await later(round * 150);
      expect((await end(before)).status).toBe(0);
      await next.wrote('portid=1 rxqueueid=0');
      expect(next.stderr).toContain('net_tap0 is interface dtap0\n');
      expect(next.stderr).toContain('net_tap1 is interface dtap1\n');
      before = next;
    }
  });

  it('leaves none behind when it is killed', async () => {
    const namespace = new NetworkNamespace();
    const gateway = start(namespace, CONTRACT);
    await gateway.wrote('portid=1 rxqueueid=0');
    process.kill(gateway.pid, 'SIGKILL');
    await gateway.ended;
    expect(namespace.link('dtap0')).toBeUndefined();
  });

  it('sets the MTU that it is told', async () => {
    const namespace = new NetworkNamespace();
    const gateway = start(namespace, [...CONTRACT, '--mtu', '1400']);
    await gateway.wrote('portid=1 rxqueueid=0');
    expect(namespace.link('dtap0')?.mtu).toBe(1400);
  });

  it('goes on when somebody deletes an interface, and ends with a reason', async () => {
    const namespace = new NetworkNamespace();
    const gateway = start(namespace, CONTRACT);
    await gateway.wrote('portid=1 rxqueueid=0');
    namespace.ip('link del dtap1');
    await later(200);
    const { status, stderr, stdout } = await end(gateway);
    expect(status).toBe(1);
    expect(stderr).toContain('net_tap1: TAP interface dtap1 was deleted by somebody else\n');
    expect(stdout).toContain('Bye...');
  });

  it('is refused what it cannot have', async () => {
    const namespace = new NetworkNamespace();
    const refused = async (words: readonly string[], through: readonly string[] = []): Promise<string> => {
      const gateway = new GatewayProcess(folder.path, words, {}, [...namespace.through, ...through]);
      running.push(gateway);
      const { status, stderr } = await gateway.ended;
      expect(status).toBe(1);
      return stderr;
    };
    const with0 = (device: string) => CONTRACT.map((word) => (word.startsWith('--vdev=net_tap0') ? device : word));
    expect(await refused([...CONTRACT, '--until-idle'])).toMatch(/net_tap0.*kernel may send by TAP interface dtap0/);
    expect(await refused(with0('--vdev=net_tap0,remote=eth0'))).toMatch(/cannot have remote: that comes later/);
    expect(await refused(with0('--vdev=net_tap0,iface=lo'))).toMatch(/interface lo is there already, and is no TAP/);
    expect(await refused(with0('--vdev=net_tap0,ifase=a'))).toMatch(/ifase.*did you mean iface/);
    const queues = CONTRACT.map((word) => word.replace('=(0,0,0),', '=(0,0,0),(0,1,0),'));
    expect(await refused(queues)).toMatch(/port 0 \(net_tap0\): a TAP interface with several queues comes later/);
    const nobody = ['setpriv', '--reuid', '65534', '--clear-groups'];
    expect(await refused(CONTRACT, nobody)).toMatch(/may not make TAP interface dtap%d.*CAP_NET_ADMIN; run as root/);
    expect(namespace.link('dtap0')).toBeUndefined();
  });
});

describe.skipIf(!TAP_INTERFACES.here || !PING.here)(`ping through a gateway${TAP_INTERFACES.note}${PING.note}`, () => {
  const cards = ['-a', '06:00.0,wire=tap,iface=dtap0,mac=fixed', '-a', '06:00.1,wire=tap,iface=dtap1,mac=fixed'];
  const onCards = CONTRACT.filter((word) => !/net_tap|--no-pci/.test(word));
  onCards.splice(0, 0, ...cards);

  it.each([
    ['of software ports', CONTRACT],
    ['of modelled cards', onCards],
  ])('%s, in clear, in both directions', async (_what, words) => {
    const [left, right] = [new NetworkNamespace(), new NetworkNamespace()];
    const gateway = start(left, words);
    await gateway.wrote('portid=1 rxqueueid=0');
    plug(left, 'dtap0', left, '10.1.0.1', '10.2.0.0/24');
    plug(left, 'dtap1', right, '10.2.0.1', '10.1.0.0/24');
    expect(await ping(left, '10.2.0.1', '-c', '20')).toMatch(/20 received, 0% packet loss/);
    expect(await ping(right, '10.1.0.1', '-c', '20', '-s', '1472', '-M', 'do')).toMatch(/20 received, 0% packet loss/);
    expect(await ping(right, '10.1.0.1', '-c', '20', '-s', '0')).toMatch(/20 received, 0% packet loss/);
    // A link that was down a while is as good as before.
    left.ip('link set dtap0 down');
    await expect(ping(right, '10.1.0.1', '-c', '2', '-W', '0.2')).rejects.toThrow('100% packet loss');
    left.ip('link set dtap0 up; neigh replace 10.1.0.254 lladdr 02:00:00:00:00:99 dev dtap0');
    left.ip('route replace 10.2.0.0/24 via 10.1.0.254');
    expect(await ping(left, '10.2.0.1', '-c', '5')).toMatch(/5 received, 0% packet loss/);
    const { status, stdout } = await end(gateway);
    expect(status).toBe(0);
    expect(Number(/Total packets sent: +(\d+)/.exec(stdout)?.[1])).toBeGreaterThanOrEqual(130);
  });

  const judged = TSHARK.here && TCPDUMP.here;
  it.skipIf(!judged)(
    `of two that encrypt, with the kernel’s routing between them${TSHARK.note}${TCPDUMP.note}`,
    async () => {
      const [left, middle, right] = [new NetworkNamespace(), new NetworkNamespace(), new NetworkNamespace()];
      const [algorithm] = ALGORITHMS;
      const there: EspAssociation = { algorithm, mode: 'ipv4-tunnel', spi: 0x2001 };
      const back: EspAssociation = { algorithm, mode: 'ipv4-tunnel', spi: 0x2002 };
      const configure = (n: number, out: EspAssociation, into: EspAssociation) => {
        const [own, other] = [n, 3 - n];
        const between = (line: string, from: number, to: number) =>
          line.replace(/src \S+ dst \S+/, `src 172.16.${from}.1 dst 172.16.${to}.1`);
        folder.write(
          `${n}.cfg`,
          [
            `sp ipv4 out esp protect ${out.spi} pri 1 dst 10.${other}.0.0/24 sport 0:65535 dport 0:65535`,
            `sp ipv4 in esp protect ${into.spi} pri 1 dst 10.${own}.0.0/24 sport 0:65535 dport 0:65535`,
            between(saLine('out', out), own, other),
            between(saLine('in', into), other, own),
            `rt ipv4 dst 10.${own}.0.0/24 port 0`,
            'rt ipv4 dst 172.16.0.0/16 port 1',
            `neigh port 0 02:00:00:00:0${n}:00`,
            `neigh port 1 02:00:00:00:0${n}:01`,
            '',
          ].join('\n'),
        );
      };
      configure(1, there, back);
      configure(2, back, there);
      const words = (n: number) => [
        ...['-l', '0', '--no-pci'],
        ...['--vdev', `net_tap0,iface=in${n},mac=02:00:00:00:0${n}:00`],
        ...['--vdev', `net_tap1,iface=out${n},mac=02:00:00:00:0${n}:01`],
        ...['--', '-p', '3', '-u', '2', '-P', '--config=(0,0,0),(1,0,0)', '-f', `${n}.cfg`, '-w', '64'],
      ];
      const gateways = [1, 2].map((n) => start(middle, words(n)));
      for (const gateway of gateways) await gateway.wrote('portid=1 rxqueueid=0');
      plug(middle, 'in1', left, '10.1.0.1', '10.2.0.0/24');
      plug(middle, 'in2', right, '10.2.0.1', '10.1.0.0/24');
      plug(middle, 'out1', middle, '172.16.1.254', '172.16.99.0/24');
      plug(middle, 'out2', middle, '172.16.2.254', '172.16.98.0/24');
      middle.ip(`neigh add 172.16.1.1 lladdr ${ANYBODY} dev out1; neigh add 172.16.2.1 lladdr ${ANYBODY} dev out2`);
      middle.run('/', 'sysctl', ['-qw', 'net.ipv4.ip_forward=1']);

      const [program, ...through] = [
        ...middle.through,
        'tcpdump',
        '--immediate-mode',
        '-U',
        '-i',
        'out2',
        '-w',
        'wan.pcap',
      ];
      const tcpdump = spawn(program, through, { cwd: folder.path, stdio: ['ignore', 'ignore', 'pipe'] });
      await new Promise((resolve) => tcpdump.stderr.once('data', resolve));
      expect(await ping(left, '10.2.0.1', '-c', '10')).toMatch(/10 received, 0% packet loss/);
      expect(await ping(right, '10.1.0.1', '-c', '10', '-s', '1400', '-M', 'do')).toMatch(
        /10 received, 0% packet loss/,
      );
      await later(300);
      tcpdump.kill('SIGINT');
      await new Promise((resolve) => tcpdump.once('exit', resolve));

      const frames = readCapture(folder.read('wan.pcap'));
      expect(frames).toHaveLength(40);
      // Nothing but ESP, and each packet is what ping sent.
      expect(frames.filter(({ data }) => data[23] !== 50)).toEqual([]);
      const fields = ['esp.spi', 'esp.icv_bad', 'icmp.type', 'icmp.checksum.status'];
      const decode = ['-n', '-r', 'wan.pcap', ...tsharkWords([there, back]), '-T', 'fields'];
      const seen = runForeign(folder.path, 'tshark', [...decode, ...fields.flatMap((field) => ['-e', field])]);
      const rows = seen.trim().split('\n');
      expect(rows.filter((row) => row === '0x00002001\t0\t8\t1')).toHaveLength(10);
      expect(rows.filter((row) => row === '0x00002002\t0\t0\t1')).toHaveLength(10);
      expect(rows.filter((row) => row === '0x00002002\t0\t8\t1')).toHaveLength(10);
      expect(rows.filter((row) => row === '0x00002001\t0\t0\t1')).toHaveLength(10);
    },
  );
});
