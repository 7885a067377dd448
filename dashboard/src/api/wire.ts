/** What the server and the dashboard say to each other, under the names the dashboard uses. */

import type { Missed, Refused as RefusedAnswer } from '../realtime/events.gen';
import type { components } from './schema.gen';

export type { ParlourEvent, Signals } from '../realtime/events.gen';
export type { paths } from './schema.gen';

type Schemas = components['schemas'];

export type Role = Schemas['Role'];
export type Status = Schemas['Status'];
export type AuthorKind = Schemas['AuthorKind'];
export type Problem = Schemas['Problem'];
export type User = Schemas['UserRead'];
export type Session = Schemas['SessionRead'];
export type Project = Schemas['ProjectRead'];
export type ProjectUpdate = Schemas['ProjectUpdate'];
export type Member = Schemas['MemberRead'];
export type MemberCreate = Schemas['MemberCreate'];
export type Presence = Schemas['PresenceRead'];
export type Conversation = Schemas['ConversationRead'];
export type ConversationMetadata = Schemas['ConversationMetadata'];
export type ConversationDetail = Schemas['ConversationDetail'];
export type ConversationPage = Schemas['ConversationPage'];
export type Message = Schemas['MessageRead'];
export type MessagePage = Schemas['MessagePage'];
export type PageView = Schemas['PageVisit'];
export type Visitor = Schemas['VisitorRead'];
export type Refused = RefusedAnswer;

/** The answer to `project.join` and `log.after`: what was missed, or that it is too much to say. */
export type LogAnswer = { ok: true } & Missed;
