import { closeSync, openSync, writeSync } from 'node:fs';
import { SetupError } from '@inline-ipsec/eal/errors';
import { nodeEnvironment } from '@inline-ipsec/eal/node-environment';
import type { Card82599 } from '@inline-ipsec/ixgbe/silicon/card';
import { type CardEvent, cardEventData, formatCardEvent } from '@inline-ipsec/ixgbe/silicon/card-trace';

/** What is wanted of the cards' traces. */
export interface CardTraceRequest {
  /** JSON lines, not text. */
  readonly json: boolean;
  /** Register accesses or decisions of the security block; both if left out. */
  readonly only?: 'registers' | 'security';
  /** A file; stdout if left out. */
  readonly output?: string;
}

/** So many characters are written at once. */
const CHUNK = 1 << 16;

/**
 * Writes what cards tell, a line an event, each with the card's name. It lives in the thread that steps the cards, and
 * writes synchronously, for that thread never returns to an event loop.
 */
export class CardTraceOutput {
  readonly #request: CardTraceRequest;
  readonly #write: (text: string) => void;
  readonly #close: () => void;
  #pending = '';
  #last = '';
  #repeats = 0;

  /** @throws SetupError `ERR_TRACE_OUTPUT` when the file cannot be written */
  constructor(request: CardTraceRequest) {
    this.#request = request;
    const { output } = request;
    if (output === undefined) {
      const { write } = nodeEnvironment();
      this.#write = (text) => write('stdout', text);
      this.#close = () => {};
      return;
    }
    const descriptor = open(output);
    this.#write = (text) => {
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    };
    this.#close = () => closeSync(descriptor);
  }

  /** From now on, writes what this card tells. */
  follow(card: Card82599): void {
    card.trace((event) => this.#take(card.name, event));
  }

  /** Writes what is left, and closes the file. */
  close(): void {
    this.#endRepeats();
    this.#flush();
    this.#close();
  }

  #take(card: string, event: CardEvent): void {
    const { json, only } = this.#request;
    if (only !== undefined && 'outcome' in event !== (only === 'security')) return;
    if (json) {
      this.#put(JSON.stringify({ card, ...cardEventData(event) }));
      return;
    }
    const line = `${card} ${formatCardEvent(event)}`;
    // A driver that waits for a bit reads one register again and again.
    if (line === this.#last && event.kind === 'read') {
      this.#repeats++;
      return;
    }
    this.#endRepeats();
    this.#last = line;
    this.#put(line);
  }

  #endRepeats(): void {
    if (this.#repeats !== 0) this.#put(`  … and ${this.#repeats} times more`);
    this.#repeats = 0;
  }

  #put(line: string): void {
    this.#pending += `${line}\n`;
    if (this.#pending.length > CHUNK) this.#flush();
  }

  #flush(): void {
    if (this.#pending !== '') this.#write(this.#pending);
    this.#pending = '';
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    const { code = 'EIO', message } = error as NodeJS.ErrnoException;
    throw new SetupError({
      code: 'ERR_TRACE_OUTPUT',
      errno: code === 'ENOENT' || code === 'EACCES' ? code : 'EIO',
      message: `the trace cannot be written to ${path}`,
      got: message.replace(/, open .*$/, ''),
      remedy: 'name a file in a folder that exists',
    });
  }
}
