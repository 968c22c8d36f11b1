// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/fusion/clusters.h"

#include <algorithm>
#include <numeric>
#include <queue>

#include "fovea/passes/linalg_utils.h"

namespace fovea {
namespace {

using mlir::Operation;
using mlir::Value;
using mlir::linalg::GenericOp;

bool is_node(Operation* op) { return mlir::isa<GenericOp, mlir::tensor::InsertSliceOp>(op); }

class Grouping {
 public:
  explicit Grouping(mlir::func::FuncOp main);

  // Results for parameters and state that cannot be written in place once grouped; empty when all can.
  std::vector<unsigned> blocked_updates() const { return blocked_; }
  void group();
  std::vector<Cluster> ordered() const;

 private:
  struct Edge {
    int to;
    bool same_element;  // whether it reads the producer's result at the loop indices themselves
  };
  struct Node {
    Operation* op;
    std::vector<Edge> successors;
  };

  void connect(int reader, mlir::OpOperand& operand);
  void order_updates(mlir::func::FuncOp main);
  int find(int node) const {
    while (parent_[node] != node) node = parent_[node];
    return node;
  }
  Operation* root(int cluster) const;
  bool has_insertion(int cluster) const;
  bool reads_padding(int cluster) const;
  llvm::ArrayRef<int64_t> domain(int cluster) const;
  bool reaches_around(int from, int to) const;
  bool may_merge(int first, int second) const;
  bool try_merge(int first, int second);
  void merge(int first, int second);
  void join_producers(int node);
  void join_siblings();
  bool reaches(int from, int to) const;

  mlir::func::FuncOp main_;
  std::vector<Node> nodes_;
  llvm::DenseMap<Operation*, int> index_;
  std::vector<int> parent_;
  std::vector<std::vector<int>> members_;
  std::vector<unsigned> blocked_;
};

Grouping::Grouping(mlir::func::FuncOp main) : main_(main) {
  for (Operation& op : main.getBody().front()) {
    if (!is_node(&op)) continue;
    index_[&op] = static_cast<int>(nodes_.size());
    nodes_.push_back({&op, {}});
  }
  parent_.resize(nodes_.size());
  std::iota(parent_.begin(), parent_.end(), 0);
  for (int i = 0; i < static_cast<int>(nodes_.size()); ++i) members_.push_back({i});
  for (int i = 0; i < static_cast<int>(nodes_.size()); ++i) {
    for (mlir::OpOperand& operand : nodes_[i].op->getOpOperands()) connect(i, operand);
  }
  order_updates(main);
}

// Finds the nodes that `operand` reads, through views, pads, slices and constants.
void Grouping::connect(int reader, mlir::OpOperand& operand) {
  auto generic = mlir::dyn_cast<GenericOp>(nodes_[reader].op);
  Operation* direct = operand.get().getDefiningOp();
  if (direct && index_.count(direct)) {
    bool same = generic && is_elementwise(generic) && generic.isDpsInput(&operand) &&
                generic.getMatchingIndexingMap(&operand).isIdentity();
    nodes_[index_[direct]].successors.push_back({reader, same});
    return;
  }
  llvm::SmallVector<Value> stack{operand.get()};
  while (!stack.empty()) {
    Operation* op = stack.pop_back_val().getDefiningOp();
    if (!op) continue;
    if (auto found = index_.find(op); found != index_.end()) {
      nodes_[found->second].successors.push_back({reader, false});
    } else {
      llvm::append_range(stack, op->getOperands());
    }
  }
}

// The arguments that `op` reads, through views, pads and slices.
llvm::SmallVector<mlir::BlockArgument> arguments_read(Operation* op) {
  llvm::SmallVector<mlir::BlockArgument> arguments;
  llvm::SmallVector<Value> stack(op->getOperands());
  while (!stack.empty()) {
    Value value = stack.pop_back_val();
    if (auto argument = mlir::dyn_cast<mlir::BlockArgument>(value)) {
      arguments.push_back(argument);
    } else if (Operation* producer = value.getDefiningOp(); producer && !is_node(producer)) {
      llvm::append_range(stack, producer->getOperands());
    }
  }
  return arguments;
}

// Whether `op` reads `argument` only at the loop indices themselves, so that it may overwrite it.
bool reads_same_element_only(Operation* op, mlir::BlockArgument argument) {
  auto generic = mlir::dyn_cast<GenericOp>(op);
  if (!generic || !is_elementwise(generic)) return false;
  for (mlir::OpOperand& operand : generic->getOpOperands()) {
    Value root = view_root(operand.get());
    if (Operation* producer = root.getDefiningOp(); producer && is_view_or_pad(producer)) {
      if (llvm::is_contained(arguments_read(producer), argument)) return false;
    }
    if (root == argument && !generic.getMatchingIndexingMap(&operand).isIdentity()) return false;
  }
  return true;
}

bool Grouping::reaches(int from, int to) const {
  std::vector<bool> seen(nodes_.size());
  std::vector<int> stack{from};
  while (!stack.empty()) {
    int node = stack.back();
    stack.pop_back();
    if (node == to) return true;
    if (seen[node]) continue;
    seen[node] = true;
    for (Edge edge : nodes_[node].successors) stack.push_back(edge.to);
  }
  return false;
}

void Grouping::order_updates(mlir::func::FuncOp main) {
  Operation* end = main.getBody().front().getTerminator();
  llvm::DenseMap<Value, std::vector<int>> users_of;
  for (int node = 0; node < static_cast<int>(nodes_.size()); ++node) {
    for (mlir::BlockArgument argument : arguments_read(nodes_[node].op)) {
      std::vector<int>& readers = users_of[argument];
      if (readers.empty() || readers.back() != node) readers.push_back(node);
    }
  }
  for (mlir::OpOperand& result : end->getOpOperands()) {
    int64_t replaced = replaced_argument(main, result.getOperandNumber());
    Operation* writer = view_root(result.get()).getDefiningOp();
    if (replaced < 0 || !writer || !index_.count(writer)) continue;
    mlir::BlockArgument argument = main.getArgument(replaced);
    int update = index_[writer];
    // The destination of an insertion is overwritten from its first fill on, long before the last reader of the old value.
    bool blocked = mlir::isa<mlir::tensor::InsertSliceOp>(writer);
    std::vector<int> readers;
    for (int node : users_of.lookup(argument)) {
      if (node == update) {
        blocked |= !reads_same_element_only(writer, argument);
      } else {
        readers.push_back(node);
        blocked |= reaches(update, node);
      }
    }
    // If another result of the function were the old value, it would be overwritten, too; normalize() has made copies of those.
    if (blocked) {
      blocked_.push_back(result.getOperandNumber());
    } else {
      for (int reader : readers) {
        bool same = reads_same_element_only(nodes_[reader].op, argument);
        nodes_[reader].successors.push_back({update, same});
      }
    }
  }
}

Operation* Grouping::root(int cluster) const {
  for (int node : members_[cluster]) {
    auto generic = mlir::dyn_cast<GenericOp>(nodes_[node].op);
    if (generic && !is_elementwise(generic)) return generic;
  }
  return nullptr;
}

bool Grouping::has_insertion(int cluster) const {
  return llvm::any_of(members_[cluster], [&](int node) { return mlir::isa<mlir::tensor::InsertSliceOp>(nodes_[node].op); });
}

llvm::ArrayRef<int64_t> Grouping::domain(int cluster) const {
  for (int node : members_[cluster]) {
    if (auto generic = mlir::dyn_cast<GenericOp>(nodes_[node].op)) {
      return mlir::cast<mlir::RankedTensorType>(generic.getResult(0).getType()).getShape();
    }
  }
  return {};
}

// Whether there is a path from one cluster to the other through a third one.
bool Grouping::reaches_around(int from, int to) const {
  std::vector<bool> seen(nodes_.size());
  std::vector<int> stack;
  for (int node : members_[from]) {
    for (Edge edge : nodes_[node].successors) {
      int next = find(edge.to);
      if (next != from && next != to) stack.push_back(next);
    }
  }
  while (!stack.empty()) {
    int cluster = stack.back();
    stack.pop_back();
    if (cluster == to) return true;
    if (seen[cluster]) continue;
    seen[cluster] = true;
    for (int node : members_[cluster]) {
      for (Edge edge : nodes_[node].successors) {
        if (int next = find(edge.to); next != cluster) stack.push_back(next);
      }
    }
  }
  return false;
}

// Padding is applied when the inputs of the first linalg operation are packed, so element-wise work that reads padding stays a
// kernel of its own.
bool Grouping::reads_padding(int cluster) const {
  return llvm::any_of(members_[cluster], [&](int node) {
    auto generic = mlir::dyn_cast<GenericOp>(nodes_[node].op);
    return generic && is_elementwise(generic) &&
           llvm::any_of(generic.getDpsInputs(), [](Value input) { return input.getDefiningOp<mlir::tensor::PadOp>(); });
  });
}

bool Grouping::may_merge(int first, int second) const {
  if (reads_padding(first) || reads_padding(second)) return false;
  Operation *left = root(first), *right = root(second);
  if (left && right) return false;
  if (domain(first) != domain(second)) return false;
  for (auto [from, to] : {std::pair(first, second), std::pair(second, first)}) {
    for (int node : members_[from]) {
      for (Edge edge : nodes_[node].successors) {
        if (find(edge.to) == to && !edge.same_element) return false;
      }
    }
  }
  return !reaches_around(first, second) && !reaches_around(second, first);
}

void Grouping::merge(int first, int second) {
  parent_[second] = first;
  members_[first].insert(members_[first].end(), members_[second].begin(), members_[second].end());
  std::ranges::sort(members_[first]);
  members_[second].clear();
}

bool Grouping::try_merge(int first, int second) {
  if (first == second || !may_merge(first, second)) return false;
  merge(first, second);
  return true;
}

void Grouping::join_producers(int node) {
  auto op = mlir::dyn_cast<GenericOp>(nodes_[node].op);
  if (!op || !is_elementwise(op)) return;
  struct Candidate {
    int preference;
    int node;
  };
  std::vector<Candidate> candidates;
  for (mlir::OpOperand* operand : op.getDpsInputOperands()) {
    auto producer = operand->get().getDefiningOp<GenericOp>();
    if (!producer || !op.getMatchingIndexingMap(operand).isIdentity()) continue;
    int found = index_[producer];
    Operation* kernel = root(find(found));
    auto rooted = mlir::dyn_cast_or_null<GenericOp>(kernel);
    int preference = !rooted ? 0 : work_of(rooted) == Work::contraction ? 2 : 1;
    candidates.push_back({preference, found});
  }
  std::ranges::sort(candidates, [](const Candidate& left, const Candidate& right) {
    return std::pair(left.preference, left.node) > std::pair(right.preference, right.node);
  });
  for (const Candidate& candidate : candidates) try_merge(find(candidate.node), find(node));
}

// Element-wise work that shares no kernel with a producer joins other work on the same elements, so that they are read once;
// scalar work joins other scalar work, so that it costs one call.
void Grouping::join_siblings() {
  std::vector<int> open;
  for (int node = 0; node < static_cast<int>(nodes_.size()); ++node) {
    if (find(node) != node || root(node) || has_insertion(node)) continue;
    open.push_back(node);
  }
  auto inputs = [&](int cluster) {
    llvm::SmallDenseSet<Value> values;
    for (int member : members_[cluster]) {
      auto op = mlir::cast<GenericOp>(nodes_[member].op);
      for (mlir::OpOperand* operand : op.getDpsInputOperands()) {
        if (op.getMatchingIndexingMap(operand).isIdentity()) values.insert(operand->get());
      }
    }
    return values;
  };
  for (size_t i = 0; i < open.size(); ++i) {
    auto mine = inputs(open[i]);
    for (size_t j = i + 1; j < open.size();) {
      bool scalars = domain(open[i]).empty() && domain(open[j]).empty();
      bool shared = scalars || llvm::any_of(inputs(open[j]), [&](Value value) { return mine.contains(value); });
      if (shared && try_merge(open[i], open[j])) {
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(j));
        mine = inputs(open[i]);
        j = i + 1;
      } else {
        ++j;
      }
    }
  }
}

void Grouping::group() {
  for (const Node& node : nodes_) {
    if (auto insert = mlir::dyn_cast<mlir::tensor::InsertSliceOp>(node.op)) {
      merge(find(index_[insert.getSource().getDefiningOp()]), find(index_[node.op]));
    }
  }
  for (int node = 0; node < static_cast<int>(nodes_.size()); ++node) join_producers(node);
  join_siblings();
}

// A kernel runs as early as its operands allow, because gradients are used soon after they are computed.
std::vector<Cluster> Grouping::ordered() const {
  std::vector<int> waiting(nodes_.size(), 0);
  auto each_successor = [&](int cluster, auto&& visit) {
    for (int node : members_[cluster]) {
      for (Edge edge : nodes_[node].successors) {
        if (int next = find(edge.to); next != cluster) visit(next);
      }
    }
  };
  auto key = [&](int cluster) {
    Operation* op = root(cluster);
    if (op) return index_.lookup(op);
    // A kernel without operands, such as memory filled with zeros, would occupy memory from the first call on, so it waits for
    // its first user.
    int position = members_[cluster].front();
    auto generic = mlir::dyn_cast<GenericOp>(nodes_[position].op);
    if (members_[cluster].size() > 1 || !generic || generic.getNumDpsInputs() > 0) return position;
    int first = static_cast<int>(nodes_.size());
    each_successor(cluster, [&](int next) {
      Operation* reader = root(next);
      first = std::min(first, reader ? index_.lookup(reader) : members_[next].front());
    });
    return first;
  };
  for (int node = 0; node < static_cast<int>(nodes_.size()); ++node) {
    if (find(node) == node) each_successor(node, [&](int next) { ++waiting[next]; });
  }
  std::priority_queue<std::pair<int, int>, std::vector<std::pair<int, int>>, std::greater<>> ready;
  for (int node = 0; node < static_cast<int>(nodes_.size()); ++node) {
    if (find(node) == node && waiting[node] == 0) ready.emplace(key(node), node);
  }
  std::vector<Cluster> clusters;
  while (!ready.empty()) {
    int current = ready.top().second;
    ready.pop();
    Cluster cluster;
    cluster.root = root(current);
    for (int node : members_[current]) {
      Operation* op = nodes_[node].op;
      if (op == cluster.root) continue;
      if (auto generic = mlir::dyn_cast<GenericOp>(op)) {
        cluster.elementwise.push_back(generic);
      } else {
        cluster.insertions.push_back(op);
      }
    }
    clusters.push_back(std::move(cluster));
    each_successor(current, [&](int next) {
      if (--waiting[next] == 0) ready.emplace(key(next), next);
    });
  }
  return clusters;
}

}  // namespace

std::vector<Cluster> find_clusters(mlir::func::FuncOp main) {
  Operation* end = main.getBody().front().getTerminator();
  Grouping first(main);
  std::vector<unsigned> blocked = first.blocked_updates();
  if (blocked.empty()) {
    first.group();
    return first.ordered();
  }
  mlir::OpBuilder builder(end);
  for (unsigned result : blocked) {
    end->setOperand(result, copy_of(builder, end->getLoc(), end->getOperand(result)).getResult(0));
  }
  return find_clusters(main);
}

}  // namespace fovea
