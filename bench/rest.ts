import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

interface Reply {
  status: number;
  body: unknown;
}

/** A REST client over a fixed number of keep-alive connections. */
export class Rest {
  readonly #url: URL;
  readonly #connections: http.Agent;

  constructor(url: string, connections: number) {
    this.#url = new URL(url);
    this.#connections = new http.Agent({ keepAlive: true, maxSockets: connections });
  }

  /** Ask, again when the answer is to come back later, and return the answer's body. */
  async ask<Body>(
    method: 'GET' | 'POST',
    path: string,
    headers: Record<string, string>,
    payload?: unknown,
  ): Promise<Body> {
    for (;;) {
      const { status, body } = await this.#exchange(method, path, headers, payload);
      if (status < 300) return body as Body;
      const { retry_after } = body as { retry_after?: number };
      if (status !== 429 || retry_after === undefined) {
        throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(body)}`);
      }
      await sleep(retry_after * 1000);
    }
  }

  close(): void {
    this.#connections.destroy();
  }

  #exchange(
    method: string,
    path: string,
    headers: Record<string, string>,
    payload: unknown,
  ): Promise<Reply> {
    const body = payload === undefined ? undefined : JSON.stringify(payload);
    const all: http.OutgoingHttpHeaders = { ...headers };
    if (body !== undefined) {
      all['Content-Type'] = 'application/json';
      all['Content-Length'] = Buffer.byteLength(body);
    }
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.#url;
      const options = { hostname, port, path, method, headers: all, agent: this.#connections };
      const request = http.request(options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: parse(text) });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { detail: text.slice(0, 200) };
  }
}
