import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** Says at the end which tests were skipped, and how many: a skipped test has its reason in its name. */
export default class SkipReporter implements Reporter {
  readonly #skipped: string[] = [];

  onTestCaseResult(test: TestCase): void {
    if (test.result().state === 'skipped') this.#skipped.push(test.fullName);
  }

  onTestModuleEnd(module: TestModule): void {
    for (const suite of module.children.allSuites()) {
      if (suite.options.mode === 'skip' && suite.children.size === 0) this.#skipped.push(suite.fullName);
    }
  }

  onTestRunEnd(): void {
    if (this.#skipped.length === 0) return;
    console.log(`\nSKIPPED ${this.#skipped.length}:`);
    for (const name of this.#skipped) console.log(`  ${name}`);
  }
}
