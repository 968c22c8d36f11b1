// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/network/operator_builder.h"

namespace fovea {

using namespace mlir;

FailureOr<Operation*> OperatorBuilder::inferred(OperationName name, Operation* like, ValueRange operands,
                                                ArrayRef<NamedAttribute> attributes) {
  SmallVector<Type> types;
  const DictionaryAttr dictionary = builder_.getDictionaryAttr(attributes);
  if (const auto* rule = name.getInterface<InferTypeOpInterface>()) {
    if (failed(rule->inferReturnTypes(builder_.getContext(), like->getLoc(), operands, dictionary, nullptr, {}, types)))
      return failure();
  } else {
    llvm::append_range(types, like->getResultTypes());
  }
  return builder_.create(OperationState(like->getLoc(), name, operands, types, attributes));
}

SmallVector<NamedAttribute> given_attributes(Operation* op, ArrayRef<StringRef> names) {
  SmallVector<NamedAttribute> attributes;
  for (NamedAttribute attribute : op->getAttrs())
    if (llvm::is_contained(names, attribute.getName().getValue())) attributes.push_back(attribute);
  return attributes;
}

}  // namespace fovea
