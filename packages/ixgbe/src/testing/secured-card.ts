import type { EngineFactory } from '@inline-ipsec/cryptodev/engine';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { TXD_POPTS_IPSEC } from '../descriptors.ts';
import { Card82599 } from '../silicon/card.ts';
import type { CardOptions } from '../silicon/options.ts';
import { ListWire } from './list-wire.ts';
import { type ReceivedFrame, RegisterProgram } from './register-program.ts';

/** For tests: a card that a program without any driver has switched on, its security block too. */

export class SecuredCard {
  readonly memory: Memory;
  readonly wire: ListWire;
  readonly environment: ReturnType<typeof simulatedEnvironment> = simulatedEnvironment();
  readonly card: Card82599;
  program: RegisterProgram;
  #starts = 0;

  /** @param create of its engine; by default noble's */
  constructor(
    options: CardOptions = {},
    memory: Memory = Memory.create({ bytes: 16 << 20 }),
    create: EngineFactory = createNobleEngine,
  ) {
    this.memory = memory;
    this.wire = new ListWire(memory);
    this.card = Card82599.create({
      name: '0',
      memory: this.memory,
      wire: this.wire,
      engine: create(this.memory),
      environment: this.environment,
      macAddress: Uint8Array.of(0x02, 0, 0, 0, 0, 1),
      options,
    });
    this.program = this.restart();
  }

  /** Resets the card and switches everything on again, with new rings. */
  restart(): RegisterProgram {
    this.program = new RegisterProgram(this.card, this.memory, `p${this.#starts++}`);
    this.program.reset();
    this.program.startReceive();
    this.program.startTransmit();
    this.program.startSecurity();
    return this.program;
  }

  /** Puts a frame on the wire and gives what the host gets of it. */
  arrive(frame: Uint8Array): ReceivedFrame | undefined {
    this.wire.incoming.push(frame);
    this.card.step(32);
    return this.program.receive();
  }

  /** Has the card send a frame and gives what is on the wire then. */
  leave(frame: Uint8Array, context: readonly number[], options: number = TXD_POPTS_IPSEC): Uint8Array | undefined {
    this.program.send(frame, { context, options });
    this.card.step(32);
    return this.wire.sent.pop();
  }
}
