import { describe, expect, it } from 'vitest';
import { COMMAND } from './gateway-process.ts';
import { run, TOP } from './run-program.ts';

/** The command as a process: one document on standard output, the log beside it, and a status. */
describe('ipsec-secgw capabilities', () => {
  it('prints one JSON document for the ports of a command line of the gateway', async () => {
    const words = ['capabilities', '--json', '-l', '0', '-a', '06:00.0', '--vdev', 'net_null0', '--', '-p', '3'];
    const { status, stdout } = await run(COMMAND, words, TOP);
    expect(status).toBe(0);
    const { ports, missing } = JSON.parse(stdout) as { ports: { driver: string; inlineSas?: object }[]; missing: [] };
    expect(missing).toEqual([]);
    expect(ports.map(({ driver, inlineSas }) => [driver, inlineSas !== undefined])).toEqual([
      ['net_ixgbe', true],
      ['net_null', false],
    ]);
  });

  it('prints tables, and ends with 1 when a device cannot be had', async () => {
    const words = ['capabilities', '-l', '0', '-a', '06:00.0', '--vdev', 'net_pcap0,rx_pcap=/nothere.pcap'];
    const { status, stdout, stderr } = await run(COMMAND, words, TOP);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^port 0: 0000:06:00\.0\n {2}driver +net_ixgbe$/m);
    expect(stderr).toContain('/nothere.pcap');
  });

  it('says what is missing when no port is named', async () => {
    const { status, stdout, stderr } = await run(COMMAND, ['capabilities'], TOP);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/no port is named: expected -a or --vdev/);
  });
});
