import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a request may meet: AWS fails before it does anything, or asks to go slower, or its answer is lost, or never comes. */
const FAULTS = ['unavailable', 'throttled', 'lost', 'silent'] as const;
/** Each costs a client its whole time-out: after so many, answers are lost instead. */
const SILENCES = 3;

/** A proxy before an emulator in which requests fail, as they do with AWS: which, and how, follows from their number. */
export class Faulty {
  /** How often each fault was met. */
  readonly met = { unavailable: 0, throttled: 0, lost: 0, silent: 0, refused: 0 };
  private requests = 0;
  /** Findings that Security Hub refused once. */
  private readonly refused = new Set<string>();

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
    private readonly every: number,
  ) {
    server.on('request', (question: IncomingMessage, answer: ServerResponse) => this.pass(question, answer));
  }

  /** @param every one of so many requests fails */
  static async start(target: string, every: number): Promise<Faulty> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Faulty(server, new URL(target), every);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private pass(question: IncomingMessage, answer: ServerResponse): void {
    if (question.url === '/findings/import') return void this.importSome(question, answer);
    const number = ++this.requests;
    const due = number % this.every === 0 ? FAULTS[(number / this.every) % FAULTS.length] : undefined;
    const fault = due === 'silent' && this.met.silent === SILENCES ? 'lost' : due;
    if (fault) this.met[fault]++;
    // Only the services that speak JSON understand this one.
    if (fault === 'throttled' && question.headers['x-amz-target'])
      return refuse(question, answer, 400, JSON.stringify({ __type: 'ThrottlingException', message: 'Rate exceeded' }));
    if (fault === 'unavailable' || fault === 'throttled') return refuse(question, answer, 503, '');
    const { method, url, headers } = question;
    const { hostname, port } = this.target;
    const onward = request({ hostname, port, method, path: url, headers }, (reply) => {
      // The request was carried out, and the client waits until its time is over.
      if (fault === 'silent') return void reply.resume();
      if (fault === 'lost') {
        reply.resume();
        return void reply.on('end', () => question.socket.destroy());
      }
      answer.writeHead(reply.statusCode!, reply.headers);
      reply.pipe(answer);
    });
    onward.on('error', () => question.socket.destroy());
    question.pipe(onward);
  }

  /** Security Hub answers 200, and names what it did not take: here every second finding, the first time. */
  private async importSome(question: IncomingMessage, answer: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of question) chunks.push(chunk as Buffer);
    const { Findings } = JSON.parse(Buffer.concat(chunks).toString()) as { Findings: { Id: string }[] };
    const isRefused = ({ Id }: { Id: string }, i: number): boolean => i % 2 === 0 && !this.refused.has(Id);
    const refused = Findings.filter(isRefused);
    const taken = Findings.filter((finding) => !refused.includes(finding));
    for (const { Id } of refused) this.refused.add(Id);
    this.met.refused += refused.length;
    if (taken.length > 0) {
      const headers = Object.entries(question.headers).filter(
        ([name]) => !/^(host|content-length|connection)$/.test(name),
      );
      const body = JSON.stringify({ Findings: taken });
      const to = new URL('/findings/import', this.target);
      await fetch(to, { method: 'POST', headers: headers as [string, string][], body });
    }
    const FailedFindings = refused.map(({ Id }) => ({ Id, ErrorCode: 'InternalFailure', ErrorMessage: 'try again' }));
    const counts = { FailedCount: refused.length, SuccessCount: taken.length };
    answer.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ ...counts, FailedFindings }));
  }
}

function refuse(question: IncomingMessage, answer: ServerResponse, status: number, body: string): void {
  question.resume();
  answer.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.0' }).end(body);
}
