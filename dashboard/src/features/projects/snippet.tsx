import { CopyButton } from '../../ui/copy-button';

/** The line that puts the chat on a site. */
const snippetFor = (projectId: string): string =>
  `<script async src="${location.origin}/widget/loader.js" data-project="${projectId}"></script>`;

export function Snippet({ projectId }: { projectId: string }) {
  const snippet = snippetFor(projectId);
  return (
    <div className="overflow-hidden rounded-row border border-line bg-sunken">
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable
        tabIndex={0}
        className="overflow-x-auto wrap-anywhere whitespace-pre-wrap px-3.5 py-3 font-mono text-[12.5px] leading-5 outline-offset-[-2px]"
      >
        <code>{snippet}</code>
      </pre>
      <div className="flex justify-end border-line border-t bg-sheet px-2 py-2">
        <CopyButton text={snippet} label="Copy snippet" />
      </div>
    </div>
  );
}
