import { IPSRX_IP_ENTRIES, IPSRX_TABLE_IP, IPSRX_TABLE_KEY, IPSRX_TABLE_SPI } from '../descriptors.ts';
import {
  IPSRXIDX_READ,
  IPSRXIDX_TABLE,
  IPSRXIDX_TB_IDX_SHIFT,
  IPSRXIDX_WRITE,
  IPSRXMOD_VALID,
  IPSTXIDX_READ,
  IPSTXIDX_WRITE,
} from '../register-fields.ts';
import { ipsrxipaddr, ipsrxkey, ipstxkey, REG } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import {
  LOOKUP_STALE,
  RX_IP,
  RX_SA,
  RX_SPI,
  SA_BYTES,
  SA_KEY,
  SA_MODE,
  SA_NONCE,
  SA_SALT,
  SA_SESSION,
  TX_SA,
  ZERO_KEY,
} from './_layout.ts';
import { counterSlot } from './counters.ts';

/**
 * The SA tables and their indirect access: staging registers, and an index register whose READ or WRITE bit starts a
 * command and clears when it is done (82599 datasheet 7.12, X550 datasheet 7.13.3).
 *
 * The tables hold what the registers held. Keys and salts are big-endian numbers there, SPIs and addresses are network
 * bytes with the first one lowest. Whenever a key changes, the engine gets a new session and forgets the old one, so that
 * no packet ever waits for a key.
 */

const TABLE_READS = counterSlot('tableReads');
const TABLE_WRITES = counterSlot('tableWrites');
const COMMANDS_IGNORED = counterSlot('tableCommandsIgnored');
const SESSIONS_MADE = counterSlot('sessionsMade');
const SESSIONS_FAILED = counterSlot('sessionsFailed');

/** Bits 12:3 of both index registers. */
const INDEX_MASK = 0x3ff;

/** Runs the command in IPSTXIDX, if there is one. */
export function runTxTableCommand(core: CardCore): void {
  const { registers } = core;
  const command = registers[REG.IPSTXIDX >> 2];
  const asked = command & (IPSTXIDX_READ | IPSTXIDX_WRITE);
  if (asked === 0) return;
  registers[REG.IPSTXIDX >> 2] = command & ~(IPSTXIDX_READ | IPSTXIDX_WRITE);
  const entry = core.state + TX_SA + ((command >>> IPSRXIDX_TB_IDX_SHIFT) & INDEX_MASK) * SA_BYTES;
  if (asked === (IPSTXIDX_WRITE | 0)) writeSa(core, entry, ipstxkey(0), REG.IPSTXSALT, 1, false);
  else if (asked === IPSTXIDX_READ) readSa(core, entry, ipstxkey(0), REG.IPSTXSALT);
  else count(core, COMMANDS_IGNORED);
}

/** Runs the command in IPSRXIDX, if there is one. */
export function runRxTableCommand(core: CardCore): void {
  const { registers, state } = core;
  const { u32 } = core.memory;
  const command = registers[REG.IPSRXIDX >> 2];
  const asked = command & (IPSRXIDX_READ | IPSRXIDX_WRITE);
  if (asked === 0) return;
  registers[REG.IPSRXIDX >> 2] = command & ~(IPSRXIDX_READ | IPSRXIDX_WRITE);
  const table = command & IPSRXIDX_TABLE;
  if (asked === (IPSRXIDX_READ | IPSRXIDX_WRITE) || table === 0) {
    count(core, COMMANDS_IGNORED);
    return;
  }
  const write = asked === (IPSRXIDX_WRITE | 0);
  const index = (command >>> IPSRXIDX_TB_IDX_SHIFT) & INDEX_MASK;
  if (table === IPSRX_TABLE_KEY) {
    const entry = state + RX_SA + index * SA_BYTES;
    if (write) {
      const mode = registers[REG.IPSRXMOD >> 2];
      u32[(entry + SA_MODE) >> 2] = mode;
      writeSa(core, entry, ipsrxkey(0), REG.IPSRXSALT, mode & IPSRXMOD_VALID, true);
    } else {
      readSa(core, entry, ipsrxkey(0), REG.IPSRXSALT);
      registers[REG.IPSRXMOD >> 2] = u32[(entry + SA_MODE) >> 2];
    }
    return;
  }
  count(core, write ? TABLE_WRITES : TABLE_READS);
  if (table === IPSRX_TABLE_IP) {
    const entry = (state + RX_IP + (index % IPSRX_IP_ENTRIES) * 16) >> 2;
    for (let n = 0; n < 4; n++) exchange(u32, entry + n, registers, ipsrxipaddr(n), write);
  } else if (table === IPSRX_TABLE_SPI) {
    const entry = (state + RX_SPI + index * 8) >> 2;
    exchange(u32, entry, registers, REG.IPSRXSPI, write);
    exchange(u32, entry + 1, registers, REG.IPSRXIPIDX, write);
  }
  if (write) u32[(state + LOOKUP_STALE) >> 2] = 1;
}

function exchange(u32: Uint32Array, word: number, registers: Uint32Array, offset: number, write: boolean): void {
  if (write) u32[word] = registers[offset >> 2];
  else registers[offset >> 2] = u32[word];
}

function readSa(core: CardCore, entry: number, key: number, salt: number): void {
  const { registers } = core;
  const { u32 } = core.memory;
  for (let n = 0; n < 4; n++) registers[(key >> 2) + n] = u32[((entry + SA_KEY) >> 2) + n];
  registers[salt >> 2] = u32[(entry + SA_SALT) >> 2];
  count(core, TABLE_READS);
}

/** Takes key and salt over from the staging registers; `live` is 0 for an entry that no packet can use. */
function writeSa(core: CardCore, entry: number, key: number, salt: number, live: number, receive: boolean): void {
  const { registers } = core;
  const { u32 } = core.memory;
  const to = (entry + SA_KEY) >> 2;
  const from = key >> 2;
  let same = true;
  for (let n = 0; n < 4; n++) {
    if (u32[to + n] !== registers[from + n]) same = false;
    u32[to + n] = registers[from + n];
  }
  u32[(entry + SA_SALT) >> 2] = registers[salt >> 2];
  u32[(entry + SA_NONCE) >> 2] = byteSwap32(registers[salt >> 2]);
  count(core, TABLE_WRITES);
  if (same && live !== 0 && u32[(entry + SA_SESSION) >> 2] !== 0) return;
  endSession(core, entry);
  if (live !== 0) beginSession(core, entry, receive);
}

/** The same number with its four bytes in the other order, unsigned. */
export function byteSwap32(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

function beginSession(core: CardCore, entry: number, receive: boolean): void {
  const { u32 } = core.memory;
  const at = (entry + SA_KEY) >> 2;
  const shared = receive ? core.zeroRxSession : core.zeroTxSession;
  u32[(entry + SA_SESSION) >> 2] = keyIsZero(u32, at) ? shared : makeSession(core, at, receive);
}

function keyIsZero(u32: Uint32Array, at: number): boolean {
  return (u32[at] | u32[at + 1] | u32[at + 2] | u32[at + 3]) === 0;
}

/**
 * The session of a transmit SA, or 0 when the engine has none. There is no valid bit: an entry that nobody wrote
 * enciphers under its all-zero key.
 */
export function txSession(core: CardCore, entry: number): number {
  const { u32 } = core.memory;
  const session = u32[(entry + SA_SESSION) >> 2];
  if (session !== 0) return session;
  return keyIsZero(u32, (entry + SA_KEY) >> 2) ? core.zeroTxSession : 0;
}

/** Makes the sessions of an all-zero key, which every cleared entry shares. */
export function openSharedSessions(core: CardCore): void {
  const zeros = (core.state + ZERO_KEY) >> 2;
  core.zeroTxSession = makeSession(core, zeros, false);
  core.zeroRxSession = makeSession(core, zeros, true);
}

/** A session for the key whose four register images lie at word `at`, or 0 when the engine gives none. */
function makeSession(core: CardCore, at: number, receive: boolean): number {
  const { u32 } = core.memory;
  const key = new Uint8Array(16);
  for (let n = 0; n < 4; n++) {
    const word = u32[at + 3 - n];
    for (let b = 0; b < 4; b++) key[4 * n + b] = word >>> (24 - 8 * b);
  }
  try {
    // GMAC is GCM with everything in the AAD and nothing to encipher (RFC 4543, 3), so one session does both.
    const session = core.engine.createSession({
      kind: 'aead',
      algorithm: 'aes-gcm',
      direction: receive ? 'decrypt' : 'encrypt',
      key,
      ivBytes: 12,
      tagBytes: 16,
      unverified: 'release',
    });
    count(core, SESSIONS_MADE);
    return session;
  } catch {
    // A register write cannot fail. Packets of this SA are treated as ones that the engine could not do.
    count(core, SESSIONS_FAILED);
    return 0;
  } finally {
    key.fill(0);
  }
}

function endSession(core: CardCore, entry: number): void {
  const { u32 } = core.memory;
  const session = u32[(entry + SA_SESSION) >> 2];
  u32[(entry + SA_SESSION) >> 2] = 0;
  if (session === 0 || session === core.zeroTxSession || session === core.zeroRxSession) return;
  core.engine.destroySession(session);
}

/** Ends the sessions of all entries and wipes the keys: what a reset does to the transmit and the key table. */
export function clearKeyTables(core: CardCore): void {
  const { u8 } = core.memory;
  for (let entry = core.state + TX_SA; entry < core.state + RX_SPI; entry += SA_BYTES) {
    endSession(core, entry);
    u8.fill(0, entry, entry + SA_BYTES);
  }
}

/** Makes sessions for what the tables hold already: for an engine that is new to this card. */
export function reopenSessions(core: CardCore): void {
  const { u32 } = core.memory;
  for (let entry = core.state + TX_SA; entry < core.state + RX_SPI; entry += SA_BYTES) {
    if (u32[(entry + SA_SESSION) >> 2] !== 0) beginSession(core, entry, entry >= core.state + RX_SA);
  }
}

/** Ends the sessions of cleared entries; the tables must have been cleared before. */
export function closeSharedSessions(core: CardCore): void {
  if (core.zeroTxSession !== 0) core.engine.destroySession(core.zeroTxSession);
  if (core.zeroRxSession !== 0) core.engine.destroySession(core.zeroRxSession);
  core.zeroTxSession = 0;
  core.zeroRxSession = 0;
}
