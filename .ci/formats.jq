# What exiftool says, in the words of crates/photo's example. An unknown word ends it with an error.

def text: if . == null then null else tostring | sub("^[ \u0000]+"; "") | sub("[ \u0000]+$"; "") | if . == "" then null else . end end;

# "2018:09:06 15:23:59" becomes "20180906T152359"; blanks and zeros are no date.
def date:
  if . == null or (test("^[0-9]{4}:[0-9]{2}:[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}") | not) or startswith("0000")
  then null else .[0:19] | gsub(":"; "") | sub(" "; "T") end;

def offset:
  if . == null then null
  else capture("^(?<sign>[+-])(?<hours>[0-9]{2}):(?<minutes>[0-9]{2})$")
    | ((.hours | tonumber) * 60 + (.minutes | tonumber)) * (if .sign == "-" then -1 else 1 end) end;

def named(words; what): if . == null then null else words[.] // error("no name for \(what) \(.)") end;

def colour: named({
    "F0/Standard (Provia)": "Provia", "F1b/Studio Portrait Smooth Skin Tone (Astia)": "Astia",
    "F2/Fujichrome (Velvia)": "Velvia", "F4/Velvia": "Velvia", "Classic Chrome": "Classic Chrome",
    "Pro Neg. Std": "Pro Neg. Std", "Pro Neg. Hi": "Pro Neg. Hi", "Eterna": "Eterna"
  }; "film mode");

# Saturation has other values too, which are no film.
def grey: {
    "None (B&W)": "Monochrome", "B&W Red Filter": "Monochrome+R", "B&W Yellow Filter": "Monochrome+Ye",
    "B&W Green Filter": "Monochrome+G", "B&W Sepia": "Sepia", "Acros": "Acros", "Acros Red Filter": "Acros+R",
    "Acros Yellow Filter": "Acros+Ye", "Acros Green Filter": "Acros+G"
  }[. // ""];

def range:
  if ."FujiFilm:DRangePriority" == 0 then "DR-P auto"
  elif ."FujiFilm:DRangePriority" == 1 then
    "DR-P " + (["", "weak", "strong"][."FujiFilm:DRangePriorityFixed" // ."FujiFilm:DRangePriorityAuto"])
  elif ."FujiFilm:DevelopmentDynamicRange" then "DR\(."FujiFilm:DevelopmentDynamicRange")"
  elif ."FujiFilm:AutoDynamicRange" then "DR\(."FujiFilm:AutoDynamicRange")"
  elif ."FujiFilm:DynamicRangeSetting" == 256 then "DR100"
  elif ."FujiFilm:DynamicRangeSetting" == 512 then "DR230"
  elif ."FujiFilm:DynamicRangeSetting" == 513 then "DR400"
  else ["standard", "wide"][if ."FujiFilm:DynamicRange" == 1 then 0 elif ."FujiFilm:DynamicRange" == 3 then 1 else 2 end]
  end;

def picture_size: if . == null then [null, null] else split(" ") | map(tonumber) end;

.[]
| ((."File:ImageWidth" // ."Meta:ImageWidth" // ."Track1:ImageWidth") as $width
  | (."File:ImageHeight" // ."Meta:ImageHeight" // ."Track1:ImageHeight") as $height
  | if ."File:FileType" == "RAF" then ."RAF:RawImageCroppedSize" | picture_size
    elif ."ExifIFD:ExifImageWidth" then [."ExifIFD:ExifImageWidth", ."ExifIFD:ExifImageHeight"]
    else [$width, $height] end) as $size
| ({ "JPEG": "JPEG", "RAF": "RAF", "HEIC": "HEIF", "HEIF": "HEIF", "MOV": "film", "MP4": "film" }[."File:FileType"]
    // error("no kind for \(."File:FileType")")) as $kind
| {
    dynamic_range: range,
    duration_ms: (if $kind != "film" or (."QuickTime:Duration" // 0) == 0 then null else ."QuickTime:Duration" * 1000 | round end),
    film_simulation: ((."FujiFilm:Saturation" | grey) // (."FujiFilm:FilmMode" | colour)),
    gps_time: (if ."GPS:GPSDateStamp" then "\(."GPS:GPSDateStamp") \(."GPS:GPSTimeStamp")" | date else null end),
    height: $size[1],
    internal_serial: (."FujiFilm:InternalSerialNumber" | text),
    kind: $kind,
    make: (."IFD0:Make" | text),
    model: (."IFD0:Model" | text),
    orientation: ."IFD0:Orientation",
    path: .SourceFile,
    rating: (."IFD0:Rating" // ."FujiFilm:Rating"),
    serial: (."ExifIFD:SerialNumber" | text),
    subseconds: (."ExifIFD:SubSecTimeOriginal" | text),
    taken: (if $kind == "film" then ."QuickTime:CreateDate" | date else ."ExifIFD:DateTimeOriginal" | date end),
    utc_offset: (."ExifIFD:OffsetTimeOriginal" | offset),
    width: $size[0]
  }
