import { createFileRoute } from '@tanstack/react-router';
import { ConversationPage } from '../../../../app/conversation-page';
import { conversationQuery, messagesQuery } from '../../../../features/conversations/conversations';

export const Route = createFileRoute('/_member/p/$projectId/_inbox/c/$conversationId')({
  // Read ahead, while the pointer is over a row. The page itself shows what loads and what fails.
  loader: ({ context, params: { projectId, conversationId } }) => {
    void context.queryClient.prefetchQuery(conversationQuery(projectId, conversationId));
    void context.queryClient.prefetchInfiniteQuery(messagesQuery(projectId, conversationId));
  },
  component: Page,
});

function Page() {
  const { projectId, conversationId } = Route.useParams();
  return <ConversationPage projectId={projectId} conversationId={conversationId} />;
}
