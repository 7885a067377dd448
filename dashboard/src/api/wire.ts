/** What the server and the dashboard say to each other. Every other file takes its types from here. */

export type Role = 'manager' | 'agent';
export type Status = 'open' | 'pending' | 'resolved' | 'spam';
export type AuthorKind = 'visitor' | 'member' | 'system' | 'plugin';

interface FieldError {
  field: string;
  message: string;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  errors?: FieldError[];
  retry_after?: number;
}

export interface User {
  id: string;
  email: string;
  name: string;
}

export interface Session {
  access_token: string;
  expires_at: string;
  user: User;
}

export interface Project {
  id: string;
  name: string;
  role: Role;
  domains: string[];
  created_at: string;
}

export interface ProjectUpdate {
  name?: string;
  domains?: string[];
}

export interface Member {
  user_id: string;
  name: string;
  email: string;
  role: Role;
  created_at: string;
}

export interface MemberCreate {
  email: string;
  role: Role;
}

export interface Presence {
  visitor_ids: string[];
  user_ids: string[];
}

export interface Conversation {
  id: string;
  project_id: string;
  visitor: { id: string; name: string };
  status: Status;
  assignee_id: string | null;
  snippet: string;
  snippet_author: AuthorKind;
  last_message_seq: number;
  last_message_at: string;
  unread: number;
  waiting_since: string | null;
  created_at: string;
}

export interface PageView {
  url: string;
  title: string;
  at: string;
}

export interface ConversationMetadata {
  referrer: string | null;
  landing_page: string | null;
  url_history: PageView[];
}

export interface ConversationDetail extends Conversation {
  metadata: ConversationMetadata;
  seq: number;
}

export interface ConversationPage {
  items: Conversation[];
  next_cursor: string | null;
  seq: number;
}

export interface Message {
  id: string;
  conversation_id: string;
  seq: number;
  author: { kind: AuthorKind; id: string | null; name: string };
  kind: string;
  text: string;
  data: Record<string, unknown> | null;
  created_at: string;
}

interface MessageCreate {
  id: string;
  text: string;
}

export interface MessagePage {
  items: Message[];
  next_cursor: string | null;
  seq: number;
}

export interface Visitor {
  id: string;
  name: string;
  current_url: string | null;
  current_title: string | null;
  user_agent: string | null;
  first_seen_at: string;
  last_seen_at: string;
  online: boolean;
}

type Json<T> = { content: { 'application/json': T } };

type Operation<Ok, Path = undefined, Query = undefined, Body = undefined> = {
  parameters: (Path extends undefined ? { path?: never } : { path: Path }) &
    (Query extends undefined ? { query?: never } : { query?: Query });
  responses: {
    200: Json<Ok>;
    default: { content: { 'application/problem+json': Problem } };
  };
} & (Body extends undefined ? { requestBody?: never } : { requestBody: Json<Body> });

interface InProject {
  project_id: string;
}
interface InConversation extends InProject {
  conversation_id: string;
}
interface PageQuery {
  cursor?: string;
  limit?: number;
}

/** The REST half of the contract, in the shape openapi-typescript generates. */
export interface paths {
  '/api/setup': { get: Operation<{ needs_setup: boolean }> };
  '/api/auth/sign-up': {
    post: Operation<
      Session,
      undefined,
      undefined,
      { email: string; name: string; password: string }
    >;
  };
  '/api/auth/sign-in': {
    post: Operation<Session, undefined, undefined, { email: string; password: string }>;
  };
  '/api/auth/refresh': { post: Operation<Session> };
  '/api/auth/sign-out': { post: Operation<undefined> };
  '/api/projects': {
    get: Operation<{ items: Project[] }>;
    post: Operation<Project, undefined, undefined, { name: string; domains?: string[] }>;
  };
  '/api/projects/{project_id}': {
    get: Operation<Project, InProject>;
    patch: Operation<Project, InProject, undefined, ProjectUpdate>;
  };
  '/api/projects/{project_id}/members': {
    get: Operation<{ items: Member[] }, InProject>;
    post: Operation<Member, InProject, undefined, MemberCreate>;
  };
  '/api/projects/{project_id}/presence': { get: Operation<Presence, InProject> };
  '/api/projects/{project_id}/conversations': {
    get: Operation<ConversationPage, InProject, PageQuery & { status?: Status }>;
  };
  '/api/projects/{project_id}/conversations/{conversation_id}': {
    get: Operation<ConversationDetail, InConversation>;
    patch: Operation<Conversation, InConversation, undefined, { status: Status }>;
  };
  '/api/projects/{project_id}/conversations/{conversation_id}/read': {
    post: Operation<Conversation, InConversation, undefined, { seq: number }>;
  };
  '/api/projects/{project_id}/conversations/{conversation_id}/messages': {
    get: Operation<MessagePage, InConversation, PageQuery>;
    post: Operation<Message, InConversation, undefined, MessageCreate>;
  };
  '/api/projects/{project_id}/visitors/{visitor_id}': {
    get: Operation<Visitor, InProject & { visitor_id: string }>;
  };
}

interface Logged<Type extends string, Data> {
  seq: number;
  type: Type;
  project_id: string;
  data: Data;
  at: string;
}

/** What is in a project's log: applied in order, never lost. */
export type ParlourEvent =
  | Logged<'message.created', { message: Message; conversation: Conversation }>
  | Logged<'conversation.created', { conversation: Conversation }>
  | Logged<'conversation.updated', { conversation: Conversation }>
  | Logged<'member.added', { member: Member }>
  | Logged<'project.updated', { project: Pick<Project, 'id' | 'name' | 'domains'> }>;

/** What is true for a moment, and may be lost. */
export interface Signals {
  'visitor.typing': {
    project_id: string;
    conversation_id: string;
    visitor_id: string;
    typing: boolean;
  };
  'visitor.presence': { project_id: string; visitor_id: string; online: boolean };
  'visitor.context': { project_id: string; visitor_id: string; url: string; title: string };
}

export interface Refused {
  error: { code: string; message: string; retry_after?: number };
}

/** The answer to `project.join` and `log.after`: what was missed, or that it is too much to say. */
export type LogAnswer =
  | { ok: true; seq: number; events: ParlourEvent[]; reload?: never }
  | { ok: true; seq: number; reload: true; events?: never };
