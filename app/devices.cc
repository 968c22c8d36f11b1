// SPDX-License-Identifier: Apache-2.0
// fovea devices: lists where networks can run.
#include "fovea/device/devices.h"

#include <fmt/format.h>

#include "app/command.h"

namespace fovea {
namespace {

void print_devices(const CommonOptions& common) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const DeviceEntry& device : list_devices()) {
    print_text(
        common,
        fmt::format("{:10} {}: {}{}\n", device.name, device.kind, device.description,
                    device.driver.empty() ? "" : fmt::format("; {}, {}", bytes_text(device.memory_bytes), device.driver)));
    list.push_back({{"name", device.name},
                    {"kind", device.kind},
                    {"description", device.description},
                    {"memory_bytes", device.memory_bytes},
                    {"driver", device.driver}});
  }
  if (common.json) print_json(list);
}

}  // namespace

Command devices_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("devices", "list where networks can run: names for --device");
  auto common = std::make_shared<CommonOptions>();
  add_common_options(*app, *common);
  return {app, [common] { print_devices(*common); }};
}

}  // namespace fovea
