/** A quiet shape where something will be. Silent: the region around it says it is busy. */
export function Skeleton({ className = '' }: { className?: string }) {
  return (
    <span
      aria-hidden="true"
      className={`block animate-shimmer rounded-control bg-hover ${className}`}
    />
  );
}
