import createClient from 'openapi-fetch';
import { fetchAsMember } from './session';
import type { paths } from './wire';

/** The REST API, as the signed-in member. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: fetchAsMember });
