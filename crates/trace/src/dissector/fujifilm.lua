-- Fujifilm cameras' PTP over Wi-Fi, for Wireshark and tshark 4.
--
-- Made by filmwire's tables: `filmwire dissector > fujifilm.lua`; do not edit. Put it into
-- Wireshark's folder of Lua plugins, or: tshark -X lua_script:fujifilm.lua -r session.pcapng
--
-- Fields begin with fujiptp: for example fujiptp.operation == 0x1015, fujiptp.property == 0xd212.

--TABLES--
local INIT_STEPS = { [1] = "Init request", [2] = "Init ack", [5] = "Init fail", [0xFFFFFFFF] = "Goodbye" }
local CONTAINER_TYPES = { [1] = "Command", [2] = "Data", [3] = "Response", [4] = "Event" }

local HEADER_BYTES = 12          -- of a container: length, type, code, transaction
local FRAME_HEADER_BYTES = 18    -- of a packet of live view, before its JPEG
local MOST_BYTES = 0x10000000    -- what is longer is no packet; it would be waited for in vain
local DECIMAL_BELOW = 0x8000     -- larger numbers are codes and versions, shown as hex

local NOT_TOLD = "----"          -- a value the camera does not tell now

local CURRENT_STATE, CAMERA_STATE, FUNCTION_MODE = 0xD212, 0xDF00, 0xDF01
local GEOLOCATION = 0xD500
local VERSIONS = { first = 0xDF21, last = 0xDF31 }
-- Operations whose first parameter is a property; those of them whose data is its value.
local OF_PROPERTY = { [0x1014] = true, [0x1015] = true, [0x1016] = true, [0x1017] = true }
local WITH_VALUE = { [0x1015] = true, [0x1016] = true }

local fuji = Proto("fujiptp", "Fujifilm PTP over Wi-Fi")
local f = {
  length = ProtoField.uint32("fujiptp.length", "Length", base.DEC),
  step = ProtoField.uint32("fujiptp.init", "Registration", base.DEC, INIT_STEPS),
  constant = ProtoField.uint32("fujiptp.init.constant", "Protocol constant", base.HEX),
  connection = ProtoField.uint32("fujiptp.init.connection", "Connection number", base.DEC),
  guid = ProtoField.bytes("fujiptp.init.guid", "GUID", base.NONE),
  name = ProtoField.string("fujiptp.init.name", "Name"),
  reason = ProtoField.uint32("fujiptp.init.reason", "Reason", base.HEX, REASONS),
  kind = ProtoField.uint16("fujiptp.type", "Type", base.DEC, CONTAINER_TYPES),
  operation = ProtoField.uint16("fujiptp.operation", "Operation", base.HEX, OPERATIONS),
  response = ProtoField.uint16("fujiptp.response", "Response", base.HEX, RESPONSES),
  event = ProtoField.uint16("fujiptp.event", "Event", base.HEX, EVENTS),
  code = ProtoField.uint16("fujiptp.code", "Code", base.HEX),
  transaction = ProtoField.uint32("fujiptp.transaction", "Transaction", base.DEC),
  session = ProtoField.uint32("fujiptp.session", "Session", base.DEC),
  param = ProtoField.uint32("fujiptp.param", "Parameter", base.HEX),
  property = ProtoField.uint16("fujiptp.property", "Property", base.HEX, PROPERTIES),
  value = ProtoField.uint32("fujiptp.value", "Value", base.DEC_HEX),
  text = ProtoField.string("fujiptp.text", "In words"),
  data = ProtoField.bytes("fujiptp.data", "Data", base.NONE),
  count = ProtoField.uint16("fujiptp.entries", "Entries", base.DEC),
  entry = ProtoField.none("fujiptp.entry", "Entry"),
  entry_property = ProtoField.uint16("fujiptp.entry.property", "Property", base.HEX, PROPERTIES),
  entry_value = ProtoField.uint32("fujiptp.entry.value", "Value", base.DEC_HEX),
  entry_text = ProtoField.string("fujiptp.entry.text", "In words"),
  counter = ProtoField.uint32("fujiptp.frame", "Frame", base.DEC),
  extra = ProtoField.uint32("fujiptp.frame.extra", "Bytes before the JPEG", base.DEC),
  jpeg = ProtoField.bytes("fujiptp.frame.jpeg", "JPEG", base.NONE),
}
fuji.fields = f
local odd = ProtoExpert.new("fujiptp.odd", "This is no packet that is known",
  expert.group.MALFORMED, expert.severity.WARN)
fuji.experts = { odd }
fuji.prefs.port = Pref.uint("Port of commands", 55740, "Events and live view are on the two next")

local tcp_stream = Field.new("tcp.stream")

-- What was asked: by stream and transaction, while packets come for the first time; and what of it
-- belongs to a later packet, by its place, since ids come again and packets are looked at again.
local asked, known = {}, {}

local function remember(pinfo, id, command)
  if pinfo.visited then return end
  local stream = tcp_stream().value
  asked[stream] = asked[stream] or {}
  asked[stream][id] = command
end

local function command_of(pinfo, kind, id)
  local place = pinfo.number .. "/" .. kind .. "/" .. id
  if not pinfo.visited then
    known[place] = (asked[tcp_stream().value] or {})[id]
  end
  return known[place] or {}
end

local function hex(code, digits) return string.format("0x%0" .. (digits or 4) .. "X", code) end

local function named(names, code) return names[code] or hex(code) end

local function number(bits)
  if bits < DECIMAL_BELOW then return tostring(bits) end
  return string.format("0x%X", bits)
end

-- A decimal number without zeros at its end.
local function thousandths(value)
  local whole, rest = math.floor(value / 1000), value % 1000
  if rest == 0 then return string.format("%d", whole) end
  return (string.gsub(string.format("%d.%03d", whole, rest), "0+$", ""))
end

local function all_of(bits) return string.format("0x%08X", bits) end

local function aperture(bits)
  if bits == 0 then return "auto" end
  return bits == 0xFFFF and NOT_TOLD or "f/" .. thousandths(bits * 10)
end

local function bias(bits)
  if bits == 0 then return "0" end
  local sign, size = "+", bits
  if bits >= 0x8000 then sign, size = "-", 0x10000 - bits end
  local whole, rest = math.floor(size / 1000), size % 1000
  -- Thirds as the camera's own screen shows them, and what would be read as such in full.
  local place = ({ [333] = "3", [667] = "7", [300] = "300", [700] = "700" })[rest]
  return sign .. (place and string.format("%d.%s", whole, place) or thousandths(size))
end

local function iso(bits)
  local number, flags = bits % 0x1000000, math.floor(bits / 0x1000000)
  if number ~= 0 and bits ~= 0xFFFFFFFF then
    if flags == 0 then return string.format("%d", number) end
    if flags == 0x80 then return string.format("auto-%d", number) end
    if flags == 0x40 then return string.format(number < 1000 and "L%d" or "H%d", number) end
  end
  return bits == 0xFFFFFFFF and "auto" or all_of(bits)
end

local function shutter_speed(bits)
  local number, flags = bits % 0x10000000, math.floor(bits / 0x10000000)
  if number ~= 0 and flags == 8 then return "1/" .. thousandths(number) end
  if number ~= 0 and flags == 0 then return thousandths(number) .. "s" end
  return bits == 0xFFFFFFFF and NOT_TOLD or all_of(bits)
end

local function focus_point(bits)
  local ratio, column, row = math.floor(bits / 0x10000), math.floor(bits / 0x100) % 0x100, bits % 0x100
  if ratio ~= 0x0302 or column == 0 or row == 0 then return all_of(bits) end
  return string.format("%d,%d", column, row)
end

local function battery(bits)
  local bars, of
  if bits >= 1 and bits <= 4 then bars, of = bits - 1, 3 end
  if bits >= 6 and bits <= 11 then bars, of = bits - 6, 5 end
  if not bars then return hex(bits) end
  return (bars == 0 and "critical" or tostring(bars)) .. " of " .. of .. " bars"
end

-- What is computed, where no table can have it.
local COMPUTED = {
  [0x5007] = aperture,
  [0x5010] = bias,
  [0xD02A] = iso,
  [0xD02B] = iso,
  [0xD17C] = focus_point,
  [0xD240] = shutter_speed,
  [0xD242] = battery,
  [0xD246] = battery,
}

local function in_words(property, bits)
  if property == CAMERA_STATE or property == FUNCTION_MODE then
    local word = WORDS[property][bits]
    return word and word .. " (" .. hex(bits) .. ")" or bits > 0xFFFF and number(bits) or hex(bits)
  end
  local width = WIDTHS[property]
  if width then
    if width < 4 and bits >= 2 ^ (8 * width) then return all_of(bits) end
    if COMPUTED[property] then return COMPUTED[property](bits) end
    return WORDS[property][bits] or hex(bits)
  end
  if property >= VERSIONS.first and property <= VERSIONS.last then
    return string.format("0x%X", bits)
  end
  return number(bits)
end

local function say(pinfo, text) pinfo.cols.info:append(text .. "  ") end

-- Parameters from an offset on, five at most; returns them. What a length claims beyond stays bytes.
local function params(tvb, tree, from)
  local found = {}
  local first = from or HEADER_BYTES
  for at = first, math.min(tvb:len() - 4, first + 4 * 4), 4 do
    tree:add_le(f.param, tvb(at, 4))
    found[#found + 1] = tvb(at, 4):le_uint()
  end
  return found
end

local function show_params(list)
  local shown = {}
  for at, param in ipairs(list) do shown[at] = string.format("0x%X", param) end
  return table.concat(shown, ", ")
end

-- The list of property 0xD212.
local function state_list(tvb, tree)
  if tvb:len() < 2 then return end
  local count = tvb(0, 2):le_uint()
  tree:add_le(f.count, tvb(0, 2))
  for at = 2, math.min(2 + 6 * count, tvb:len()) - 6, 6 do
    local property, bits = tvb(at, 2):le_uint(), tvb(at + 2, 4):le_uint()
    local text = in_words(property, bits)
    local entry = tree:add(f.entry, tvb(at, 6))
    entry:set_text(named(PROPERTIES, property) .. " = " .. text)
    entry:add_le(f.entry_property, tvb(at, 2))
    entry:add_le(f.entry_value, tvb(at + 2, 4))
    entry:add(f.entry_text, tvb(at + 2, 4), text)
  end
end

-- The data phase: `command` is what was asked, as far as that was captured.
local function data_phase(tvb, tree, command)
  tree:add(f.data, tvb())
  if not WITH_VALUE[command.code] or not command.property then return "" end
  if command.property == CURRENT_STATE then
    state_list(tvb, tree)
    return ": " .. named(PROPERTIES, CURRENT_STATE)
  end
  if command.property == GEOLOCATION then
    -- Characters, the end among them, and two bytes for each.
    local bytes = 2 * tvb(0, 1):uint()
    if tvb:len() ~= 1 + bytes then return "" end
    local text = '"' .. (bytes == 0 and "" or tvb(1, bytes):le_ustringz()) .. '"'
    tree:add(f.text, tvb(), text)
    return ": " .. named(PROPERTIES, GEOLOCATION) .. " = " .. text
  end
  if tvb:len() ~= 1 and tvb:len() ~= 2 and tvb:len() ~= 4 then return "" end
  local bits = tvb():le_uint()
  local text = in_words(command.property, bits)
  tree:add_le(f.value, tvb())
  tree:add(f.text, tvb(), text)
  return ": " .. named(PROPERTIES, command.property) .. " = " .. text
end

local function container(tvb, pinfo, tree, to_camera)
  local kind, code, id = tvb(4, 2):le_uint(), tvb(6, 2):le_uint(), tvb(8, 4):le_uint()
  tree:add_le(f.length, tvb(0, 4))
  tree:add_le(f.kind, tvb(4, 2))
  local said
  if kind == 1 then
    tree:add_le(f.operation, tvb(6, 2))
    tree:add_le(f.transaction, tvb(8, 4))
    local list = params(tvb, tree)
    local property = OF_PROPERTY[code] and list[1] or nil
    if property then tree:add_le(f.property, tvb(HEADER_BYTES, 2)) end
    remember(pinfo, id, { code = code, property = property })
    local shown = property and named(PROPERTIES, property) or show_params(list)
    said = named(OPERATIONS, code) .. "(" .. shown .. ")"
  elseif kind == 2 then
    local command = command_of(pinfo, kind, id)
    -- Old clients write anything there: what was asked counts, if it is known.
    if command.code and command.code ~= code then
      tree:add_le(f.code, tvb(6, 2))
      tree:add(f.operation, tvb(6, 2), command.code):set_generated()
    else
      tree:add_le(f.operation, tvb(6, 2))
    end
    tree:add_le(f.transaction, tvb(8, 4))
    if command.property then
      tree:add(f.property, tvb(0, 0), command.property):set_generated()
    end
    said = named(OPERATIONS, command.code or code) .. " data, " .. tvb:len() - HEADER_BYTES .. " bytes"
    if tvb:len() > HEADER_BYTES then
      said = said .. data_phase(tvb(HEADER_BYTES):tvb(), tree, command)
    end
  elseif kind == 3 then
    local command = command_of(pinfo, kind, id)
    tree:add_le(f.response, tvb(6, 2))
    tree:add_le(f.transaction, tvb(8, 4))
    if command.code then tree:add(f.operation, tvb(0, 0), command.code):set_generated() end
    if command.property then tree:add(f.property, tvb(0, 0), command.property):set_generated() end
    params(tvb, tree)
    said = "-> " .. named(RESPONSES, code)
  elseif kind == 4 and tvb:len() >= HEADER_BYTES + 4 then
    -- The word of the header is the session; the transaction stands behind it.
    tree:add_le(f.event, tvb(6, 2))
    tree:add_le(f.session, tvb(8, 4))
    id = tvb(HEADER_BYTES, 4):le_uint()
    tree:add_le(f.transaction, tvb(HEADER_BYTES, 4))
    local list = params(tvb, tree, HEADER_BYTES + 4)
    said = "event " .. named(EVENTS, code) .. "(" .. show_params(list) .. ")"
  else
    tree:add_le(f.code, tvb(6, 2))
    tree:add_proto_expert_info(odd)
    said = "?"
  end
  tree:append_text(", " .. said .. " #" .. id)
  say(pinfo, "#" .. id .. " " .. said)
end

local function registration(tvb, pinfo, tree, to_camera)
  local step = tvb(4, 4):le_uint()
  tree:add_le(f.length, tvb(0, 4))
  tree:add_le(f.step, tvb(4, 4))
  local said = INIT_STEPS[step] or "Registration, step " .. step
  if (step == 1 or step == 2) and tvb:len() >= 28 then
    tree:add_le(step == 1 and f.constant or f.connection, tvb(8, 4))
    tree:add(f.guid, tvb(12, 16))
    if tvb:len() > 28 then
      local name = tvb(28):le_ustringz()
      tree:add(f.name, tvb(28), name)
      said = said .. " " .. name
    end
  elseif step == 5 and tvb:len() >= 12 then
    tree:add_le(f.reason, tvb(8, 4))
    said = said .. " " .. named(REASONS, tvb(8, 4):le_uint())
  elseif step == 0xFFFFFFFF and not to_camera then
    said = said .. " of the camera: an error, or busy"
  end
  tree:append_text(", " .. said)
  say(pinfo, said)
end

local function packet(tvb, pinfo, root)
  local to_camera = pinfo.dst_port == fuji.prefs.port
  local tree = root:add(fuji, tvb())
  if tvb:len() < 8 or tvb(0, 4):le_uint() ~= tvb:len() then
    tree:add_proto_expert_info(odd)
    say(pinfo, "?")
  elseif tvb(4, 4):le_uint() == 0xFFFFFFFF or tvb(6, 2):le_uint() == 0 then
    -- Init packets have a code of 0 where containers have theirs.
    registration(tvb, pinfo, tree, to_camera)
  elseif tvb:len() < HEADER_BYTES then
    tree:add_proto_expert_info(odd)
  else
    container(tvb, pinfo, tree, to_camera)
  end
  return tvb:len()
end

local function frame(tvb, pinfo, root)
  local tree = root:add(fuji, tvb())
  if tvb:len() < FRAME_HEADER_BYTES then
    tree:add_proto_expert_info(odd)
    return tvb:len()
  end
  tree:add_le(f.length, tvb(0, 4))
  tree:add_le(f.counter, tvb(8, 4))
  tree:add_le(f.extra, tvb(12, 4))
  local start = FRAME_HEADER_BYTES + tvb(12, 4):le_uint()
  if start < tvb:len() then tree:add(f.jpeg, tvb(start)) end
  local said = "live view, frame " .. tvb(8, 4):le_uint() .. ", " .. tvb:len() .. " bytes"
  tree:append_text(", " .. said)
  say(pinfo, said)
  return tvb:len()
end

-- Length of the packet that begins there; what makes no sense is taken as a whole.
local function length(tvb, pinfo, offset)
  local bytes = tvb(offset, 4):le_uint()
  if bytes < 8 or bytes > MOST_BYTES then return tvb:len() - offset end
  return bytes
end

function fuji.dissector(tvb, pinfo, root)
  pinfo.cols.protocol = "FUJI PTP"
  pinfo.cols.info = ""
  local live_view = fuji.prefs.port + 2
  local is_frame = pinfo.src_port == live_view or pinfo.dst_port == live_view
  dissect_tcp_pdus(tvb, root, 4, length, is_frame and frame or packet)
  return tvb:len()
end

function fuji.init() asked, known = {}, {} end

local ports = DissectorTable.get("tcp.port")
local own = nil

local function listen()
  for step = 0, 2 do
    if own then ports:remove(own + step, fuji) end
    ports:add(fuji.prefs.port + step, fuji)
  end
  own = fuji.prefs.port
end

function fuji.prefs_changed() if own ~= fuji.prefs.port then listen() end end

listen()
