package dev.sluice.models;

import dev.sluice.kernels.DType;
import java.util.List;

/// How much KV memory a model has. Layers that forget alike share a group: group 0 sees all
/// positions, a further group sees a sliding window, and its old pages can be given back.
public record KvPlan(DType dtype, int pageSize, List<Group> groups) {

    /// @param layers        transformer layers in the group
    /// @param pages         pages that the group's pool holds
    /// @param window        positions a row sees, itself included; 0 for all
    /// @param bytesPerPage  of all the group's layers together
    public record Group(int layers, int pages, int window, long bytesPerPage) {}

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
}
