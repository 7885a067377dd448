/** The wire, as a visitor sees it: REST answers, socket commands and events. */

export type AuthorKind = 'visitor' | 'member' | 'system' | 'plugin';

export interface VisitorMessage {
  id: string;
  conversation_id: string;
  seq: number;
  author: { kind: AuthorKind; name: string };
  kind: string;
  text: string;
  data: Record<string, unknown> | null;
  created_at: string;
}

export interface WidgetSession {
  token: string;
  visitor_id: string;
  project: { id: string; name: string };
  /** Whether an agent is there now. */
  online: boolean;
  conversation: { id: string; status: string; last_message_seq: number } | null;
  seq: number;
}

export interface MessagePage {
  /** Oldest first. */
  items: VisitorMessage[];
  /** Leads to the page before this one. */
  next_cursor: string | null;
  seq: number;
}

export interface Problem {
  code: string;
  detail?: string;
  retry_after?: number;
}

export interface MessageCreated {
  type: 'message.created';
  seq: number;
  project_id: string;
  data: { message: VisitorMessage };
  at: string;
}

export type VisitorEvent = MessageCreated;

export interface AgentTyping {
  conversation_id: string;
  name: string;
  typing: boolean;
}

export interface PageContext {
  url: string;
  title: string;
}

export interface VisitContext extends Partial<PageContext> {
  referrer?: string;
  landing_page?: string;
}

export interface MessageDraft {
  id: string;
  text: string;
  context?: VisitContext;
}

export interface CommandError {
  code: string;
  message: string;
  retry_after?: number;
}

export type Refused = { error: CommandError };
export type MessageAnswer = { ok: true; message: VisitorMessage } | Refused;
export type LogAnswer =
  | { ok: true; seq: number; events: VisitorEvent[]; reload?: false }
  | { ok: true; seq: number; reload: true }
  | Refused;

export interface ServerToVisitor {
  events(events: VisitorEvent[]): void;
  'agent.typing'(signal: AgentTyping): void;
}

export interface VisitorToServer {
  'message.send'(draft: MessageDraft, answer: (answer: MessageAnswer) => void): void;
  'log.after'(after: { seq: number }, answer: (answer: LogAnswer) => void): void;
  'typing.set'(signal: { typing: boolean }): void;
  'context.set'(page: PageContext): void;
}
