package io.sluice.vfio.iommufd.ioas;

import org.jspecify.annotations.Nullable;

/// Areas by address, none over another: a balanced (AVL) tree whose nodes are the areas themselves. Each knows the
/// largest hole in its subtree, so that a hole is found without looking at every area.
///
/// `IoasBenchmark.mapAndUnmapAPage` pays for it.
final class AreaTree {
    private @Nullable Area root;
    private int size;

    int size() {
        return size;
    }

    // ---- look-ups

    /// The first area that ends at `iova` or behind it.
    @Nullable
    Area from(long iova) {
        Area found = null;
        var node = root;
        while (node != null) {
            if (Long.compareUnsigned(node.last, iova) >= 0) {
                found = node;
                node = node.left;
            } else {
                node = node.right;
            }
        }
        return found;
    }

    /// The first area that has an address in `first..last`.
    @Nullable
    Area meeting(long first, long last) {
        var area = from(first);
        return area != null && Long.compareUnsigned(area.first, last) <= 0 ? area : null;
    }

    /// The area behind another.
    @Nullable
    Area after(Area area) {
        return area.last == -1 ? null : from(area.last + 1);
    }

    /// The lowest `first` in `low..high` that is a multiple of `alignment` plus `residue` and has `length` free
    /// addresses; 0 if there is none. `low` is not 0.
    long findHole(long low, long high, long length, long alignment, long residue) {
        long at = aligned(low, alignment, residue);
        while (at != 0) {
            long end = at + length - 1;
            if (Long.compareUnsigned(end, at) < 0 || Long.compareUnsigned(end, high) > 0) {
                return 0;
            }
            var next = from(at);
            if (next == null || Long.compareUnsigned(end, next.first) < 0) {
                return at;
            }
            at = aligned(endOfNextHole(next.last, length), alignment, residue);
        }
        return 0;
    }

    /// The lowest address from `from` on that is a multiple of `alignment` plus `residue`; 0 if there is none, or none
    /// to begin with.
    private static long aligned(long from, long alignment, long residue) {
        if (from == 0) {
            return 0;
        }
        long at = (from & -alignment) + residue;
        if (Long.compareUnsigned(at, from) < 0) {
            at += alignment;
        }
        return Long.compareUnsigned(at, from) < 0 ? 0 : at;
    }

    /// Where the first hole of `length` starts behind an area that ends at `from` or behind; 0 if there is none.
    private long endOfNextHole(long from, long length) {
        long last = endBeforeHole(root, from, length);
        if (last != -1) {
            return last + 1;
        }
        return root == null ? 0 : root.highest + 1;
    }

    /// The end of the first area that a hole of `length` follows within the subtree, and which ends at `from` or
    /// behind; -1 if there is none, for no hole follows the last address.
    private static long endBeforeHole(@Nullable Area node, long from, long length) {
        if (node == null
                || Long.compareUnsigned(node.hole, length) < 0
                || Long.compareUnsigned(node.highest, from) < 0) {
            return -1;
        }
        var left = node.left;
        if (left != null) {
            long last = endBeforeHole(left, from, length);
            if (last != -1) {
                return last;
            }
            if (Long.compareUnsigned(left.highest, from) >= 0
                    && Long.compareUnsigned(node.first - left.highest - 1, length) >= 0) {
                return left.highest;
            }
        }
        var right = node.right;
        if (right == null) {
            return -1;
        }
        if (Long.compareUnsigned(node.last, from) >= 0
                && Long.compareUnsigned(right.lowest - node.last - 1, length) >= 0) {
            return node.last;
        }
        return endBeforeHole(right, from, length);
    }

    // ---- changes

    /// Puts an area in, where there is none.
    void add(Area area) {
        area.left = null;
        area.right = null;
        settle(area);
        root = add(root, area);
        size++;
    }

    private static Area add(@Nullable Area node, Area area) {
        if (node == null) {
            return area;
        }
        if (Long.compareUnsigned(area.first, node.first) < 0) {
            node.left = add(node.left, area);
        } else {
            node.right = add(node.right, area);
        }
        return balanced(node);
    }

    /// Takes an area out that is in it.
    void remove(Area area) {
        root = remove(root, area);
        size--;
    }

    private static @Nullable Area remove(@Nullable Area node, Area area) {
        if (node == null) {
            throw new IllegalStateException("the area " + area + " is not in its tree");
        }
        if (node == area) {
            return joined(node.left, node.right);
        }
        if (Long.compareUnsigned(area.first, node.first) < 0) {
            node.left = remove(node.left, area);
        } else {
            node.right = remove(node.right, area);
        }
        return balanced(node);
    }

    private static @Nullable Area joined(@Nullable Area left, @Nullable Area right) {
        if (left == null) {
            return right;
        }
        if (right == null) {
            return left;
        }
        var top = right;
        while (top.left != null) {
            top = top.left;
        }
        top.right = withoutLowest(right);
        top.left = left;
        return balanced(top);
    }

    private static @Nullable Area withoutLowest(Area node) {
        var left = node.left;
        if (left == null) {
            return node.right;
        }
        node.left = withoutLowest(left);
        return balanced(node);
    }

    private static int height(@Nullable Area node) {
        return node == null ? 0 : node.height;
    }

    private static Area balanced(Area node) {
        int lean = height(node.left) - height(node.right);
        if (lean > 1 && node.left != null) {
            var left = node.left;
            if (height(left.left) < height(left.right)) {
                node.left = turnedLeft(left);
            }
            return turnedRight(node);
        }
        if (lean < -1 && node.right != null) {
            var right = node.right;
            if (height(right.right) < height(right.left)) {
                node.right = turnedRight(right);
            }
            return turnedLeft(node);
        }
        settle(node);
        return node;
    }

    private static Area turnedRight(Area node) {
        var top = java.util.Objects.requireNonNull(node.left);
        node.left = top.right;
        top.right = node;
        settle(node);
        settle(top);
        return top;
    }

    private static Area turnedLeft(Area node) {
        var top = java.util.Objects.requireNonNull(node.right);
        node.right = top.left;
        top.left = node;
        settle(node);
        settle(top);
        return top;
    }

    /// Computes what a node knows of its subtree from its children.
    private static void settle(Area node) {
        int height = 0;
        long hole = 0;
        node.lowest = node.first;
        node.highest = node.last;
        var left = node.left;
        if (left != null) {
            height = left.height;
            node.lowest = left.lowest;
            hole = larger(left.hole, node.first - left.highest - 1);
        }
        var right = node.right;
        if (right != null) {
            height = Math.max(height, right.height);
            node.highest = right.highest;
            hole = larger(hole, larger(right.hole, right.lowest - node.last - 1));
        }
        node.height = height + 1;
        node.hole = hole;
    }

    private static long larger(long one, long other) {
        return Long.compareUnsigned(one, other) >= 0 ? one : other;
    }
}
