import { useQuery } from '@tanstack/react-query';
import { shortUrl } from '../../lib/text';
import { visitorQuery } from './visitors';

/** `On site · Pricing`: the page a visitor is on, in a line. */
export function Whereabouts({ projectId, visitorId }: { projectId: string; visitorId: string }) {
  const { data } = useQuery(visitorQuery(projectId, visitorId));
  const page = data?.current_title || (data?.current_url ? shortUrl(data.current_url) : null);
  return page ? `On site · ${page}` : 'On site';
}
