import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../bench/free-port';

/** Why tests against the emulator cannot run here, or undefined. */
export function absentMoto(): string | undefined {
  const { error } = spawnSync('moto_server', ['--help'], { stdio: 'ignore' });
  return error && 'moto_server is not on the PATH (pip install "moto[server]")';
}

/** The account in which everything is. */
export const ACCOUNT = '123456789012';

/** A `moto_server` of its own: an emulator of AWS, in memory. */
export class Moto {
  private constructor(
    private readonly server: ChildProcess,
    readonly endpoint: string,
  ) {}

  /** Starts one on a free port and waits until it answers. */
  static async start(): Promise<Moto> {
    const port = await freePort();
    const server = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
    const endpoint = `http://127.0.0.1:${port}`;
    for (let tries = 0; tries < 300; tries++) {
      const answer = await fetch(`${endpoint}/moto-api/`).catch(() => undefined);
      if (answer?.ok) return new Moto(server, endpoint);
      if (server.exitCode !== null) break;
      await sleep(100);
    }
    server.kill();
    throw new Error('moto_server did not start');
  }

  /** What the clients of the SDK need in the environment to call it. */
  get environment(): Record<string, string> {
    return {
      ...{ AWS_ENDPOINT_URL: this.endpoint, AWS_REGION: 'eu-central-1' },
      ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
    };
  }

  /** Forgets everything. */
  async reset(): Promise<void> {
    await fetch(`${this.endpoint}/moto-api/reset`, { method: 'POST' });
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.server.once('exit', resolve));
    this.server.kill();
    await gone;
  }
}
