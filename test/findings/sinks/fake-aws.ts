import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Call {
  /** Method and path, e.g. `POST /findings/import`. */
  route: string;
  body: string;
}

export interface Answer {
  status?: number;
  body?: unknown;
  /** Name of an AWS error, with a status of its own. */
  error?: string;
}

/** What to answer to a call, the n-th from 0; `hang` never answers, `break` cuts the connection. */
export type Script = (call: Call, n: number) => Answer | 'hang' | 'break';

/** An endpoint for the real clients of the SDK that answers as a test says. */
export class FakeAws {
  readonly calls: Call[] = [];
  script: Script = () => ({});

  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const call = { route: `${request.method} ${request.url}`, body: Buffer.concat(chunks).toString() };
      const answer = this.script(call, this.calls.push(call) - 1);
      if (answer === 'hang') return;
      if (answer === 'break') return void request.socket.destroy();
      const { status = 200, body = {}, error } = answer;
      const content =
        typeof body === 'string' ? body : JSON.stringify(error ? { __type: error, message: error } : body);
      response.writeHead(status, {
        'content-type': typeof body === 'string' ? 'text/xml' : 'application/x-amz-json-1.1',
        ...(error && { 'x-amzn-errortype': error }),
      });
      response.end(content);
    });
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  reset(): void {
    this.calls.length = 0;
    this.script = () => ({});
  }

  /** What a client needs to call this instead of AWS. */
  get options() {
    return {
      endpoint: `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
  }
}
