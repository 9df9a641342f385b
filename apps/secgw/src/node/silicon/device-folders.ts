import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The cards as DPDK's EAL finds PCI devices: a folder each under the one that `SYSFS_PCI_DEVICES` names, bound to igb_uio,
 * with BAR0 to be mapped as `resource0` (DPDK: `lib/eal/linux`, `drivers/bus/pci/linux/pci.c` and `pci_uio.c`). EAL also
 * opens `/dev/uioN` and `/sys/class/uio/uioN/device/config`: a script binds these in a mount namespace of its own, so that
 * nobody else sees them and nothing of them is left when the program ends.
 */

/** One card. */
export interface CardFiles {
  /** Its PCI address in full. */
  readonly address: string;
  /** What is to be mapped as BAR0. */
  readonly bar0: string;
}

/** Bytes of the PCI configuration space, which EAL opens and this device leaves 0. */
const CONFIG_BYTES = 4096;
/** Where BAR0 of the first card would lie on a bus, and how far the next one is from it. Nobody looks there. */
const BUS_ADDRESS = 0xf000_0000;
const BUS_STEP = 0x10_0000;
const BAR0_BYTES = 0x8_0000;
/** IORESOURCE_MEM and the 32-bit width, as Linux prints them. */
const BUS_FLAGS = 0x4_0200;
/** Lines of `resource`: six BARs and the ROM. */
const RESOURCES = 7;

/**
 * An 82599 on a KX4 backplane: the one without a pluggable module, which a driver would want to talk to by I²C.
 */
const IDENTITY: Readonly<Record<string, string>> = {
  vendor: '0x8086',
  device: '0x10f7',
  subsystem_vendor: '0x8086',
  subsystem_device: '0x000d',
  class: '0x020000',
  numa_node: '0',
  max_vfs: '0',
};

/** The folders in the file system. */
export class DeviceFolders {
  /** Where all is. */
  readonly path: string;
  /** The program that runs another one so that it finds the cards. It is to be run in a new mount namespace. */
  readonly enter: string;

  constructor(cards: readonly CardFiles[]) {
    this.path = mkdtempSync(join(tmpdir(), 'ipsec-secgw-silicon-'));
    this.enter = join(this.path, 'enter');
    for (const folder of ['devices', 'driver/igb_uio', 'class', 'dev']) {
      mkdirSync(join(this.path, folder), { recursive: true });
    }
    for (const [number, card] of cards.entries()) this.#addCard(card, number);
    writeFileSync(this.enter, enterScript(this.path, cards.length));
    chmodSync(this.enter, 0o755);
  }

  /** What goes before a program and its arguments. */
  get through(): string[] {
    return ['unshare', '--mount', '--propagation', 'private', this.enter];
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  #addCard({ address, bar0 }: CardFiles, number: number): void {
    const folder = join(this.path, 'devices', address);
    mkdirSync(join(folder, `uio/uio${number}`), { recursive: true });
    for (const [name, value] of Object.entries(IDENTITY)) writeFileSync(join(folder, name), `${value}\n`);
    const start = BUS_ADDRESS + number * BUS_STEP;
    const lines = Array.from({ length: RESOURCES }, (_, i) =>
      i === 0 ? [start, start + BAR0_BYTES - 1, BUS_FLAGS] : [0, 0, 0],
    );
    const text = lines.map((line) => line.map((value) => `0x${value.toString(16).padStart(16, '0')}`).join(' '));
    writeFileSync(join(folder, 'resource'), `${text.join('\n')}\n`);
    writeFileSync(join(folder, 'config'), new Uint8Array(CONFIG_BYTES));
    symlinkSync(bar0, join(folder, 'resource0'));
    symlinkSync(join(this.path, 'driver/igb_uio'), join(folder, 'driver'));
  }
}

/** /dev and /sys/class are built anew from what is there: neither lets a mount point be added without others seeing it. */
function enterScript(path: string, cards: number): string {
  const numbers = Array.from({ length: cards }, (_, i) => i).join(' ');
  return `#!/bin/sh
# Runs a program that finds the modelled cards. It is for a mount namespace of its own:
#   unshare --mount --propagation private ${path}/enter PROGRAM ARGUMENTS
set -e
here='${path}'
# unshare becomes this script, so its parent is outside.
if [ "$(readlink /proc/self/ns/mnt)" = "$(readlink /proc/$PPID/ns/mnt)" ]; then
  echo "enter: run it by: unshare --mount --propagation private $0 PROGRAM ARGUMENTS" >&2
  exit 1
fi

mount -t tmpfs -o mode=755 none "$here/dev"
for entry in /dev/*; do
  name=\${entry##*/}
  if [ -d "$entry" ] && [ ! -L "$entry" ]; then
    mkdir "$here/dev/$name"
    mount --rbind "$entry" "$here/dev/$name"
  else
    case $name in uio[0-9]*) ;; *) cp -a "$entry" "$here/dev/" ;; esac
  fi
done
for number in ${numbers}; do mkfifo "$here/dev/uio$number"; done
mount --rbind "$here/dev" /dev

mount -t tmpfs -o mode=755 none "$here/class"
for entry in /sys/class/*; do
  name=\${entry##*/}
  [ "$name" = uio ] && continue
  mkdir "$here/class/$name"
  mount --bind "$entry" "$here/class/$name"
done
for number in ${numbers}; do
  mkdir -p "$here/class/uio/uio$number/device"
  head -c ${CONFIG_BYTES} /dev/zero >"$here/class/uio/uio$number/device/config"
done
mount --rbind "$here/class" /sys/class

export SYSFS_PCI_DEVICES="$here/devices"
exec "$@"
`;
}
