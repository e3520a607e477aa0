package dev.sluice.models;

import dev.sluice.kernels.DType;
import java.util.ArrayList;
import java.util.List;

/// How much KV memory a model has. Layers that forget alike share a group: group 0 sees all
/// positions where any layer does, a further group sees a sliding window, and its old pages can be
/// given back.
public record KvPlan(DType dtype, int pageSize, List<Group> groups) {

    /// @param layers        transformer layers in the group
    /// @param pages         pages that the group's pool holds
    /// @param window        positions a row sees, itself included; 0 for all
    /// @param bytesPerPage  of all the group's layers together
    public record Group(int layers, int pages, int window, long bytesPerPage) {

        Group withPages(int count) {
            return new Group(layers, count, window, bytesPerPage);
        }
    }

    public KvPlan {
        groups = List.copyOf(groups);
    }

    public long byteSize() {
        long bytes = 0;
        for (Group group : groups) {
            bytes += group.pages * group.bytesPerPage;
        }
        return bytes;
    }

    /// Most positions of one sequence, at most `wanted`, that the pages hold.
    ///
    /// @param maxRows  of one step
    public int positions(int wanted, int maxRows) {
        long limit = wanted;
        for (Group group : groups) {
            long held = (long) group.pages * pageSize;
            // A window needs the pages it sees, a step's new rows, and two pages' ends.
            if (group.window == 0 || held < group.window + maxRows + 2L * pageSize) {
                limit = Math.min(limit, held);
            }
        }
        return (int) limit;
    }

    /// The same groups with as many pages as a budget allows, or, when `bytes` is 0, with room for
    /// that many sequences of full length.
    ///
    /// A group that sees everything gets a page per `pageSize` positions. A window group needs, of
    /// each sequence, only the window, a step's new rows and two pages' ends; it gets a quarter of
    /// the other's pages on top, for the ends of prefixes that the prefix tree keeps, and never
    /// more than the other.
    ///
    /// @param positions  of one sequence
    /// @param maxRows    of one step
    public KvPlan within(long bytes, int sequences, int positions, int maxRows) {
        long wanted = Math.min(
                (long) sequences * Math.ceilDiv(positions, pageSize), pagesMax());
        if (bytes == 0) {
            return withPages(wanted, sequences, maxRows);
        }
        long least = withPages(1, sequences, maxRows).byteSize();
        if (bytes < least) {
            throw new InsufficientMemoryException(
                    "%,d bytes for keys and values, but one page of %d positions takes %,d"
                    .formatted(bytes, pageSize, least));
        }
        long enough = 1;
        long tooMany = Math.min(pagesMax(), bytes / groups.getFirst().bytesPerPage) + 1;
        while (tooMany - enough > 1) {
            long middle = (enough + tooMany) / 2;
            if (withPages(middle, sequences, maxRows).byteSize() <= bytes) {
                enough = middle;
            } else {
                tooMany = middle;
            }
        }
        return withPages(enough, sequences, maxRows);
    }

    /// Slots are counted in ints.
    private long pagesMax() {
        return Integer.MAX_VALUE / pageSize;
    }

    /// @param full  pages of a group that sees everything
    private KvPlan withPages(long full, int sequences, int maxRows) {
        var planned = new ArrayList<Group>();
        for (Group group : groups) {
            long pages = full;
            if (group.window > 0) {
                long each = Math.ceilDiv(group.window + maxRows, pageSize) + 2;
                pages = Math.min(full, sequences * each + Math.ceilDiv(full, 4));
            }
            planned.add(group.withPages(Math.toIntExact(pages)));
        }
        return new KvPlan(dtype, pageSize, planned);
    }

    /// For example `512 pages of 32 positions in 12 layers, 80 in 12 layers of window 128, F16`.
    @Override
    public String toString() {
        var text = new StringBuilder();
        for (Group group : groups) {
            text.append(text.isEmpty() ? "%,d pages of %d positions in %d layers".formatted(
                            group.pages, pageSize, group.layers)
                            : ", %,d in %d layers".formatted(group.pages, group.layers));
            text.append(group.window > 0 ? " of window " + group.window : "");
        }
        return text.append(", ").append(dtype).toString();
    }
}
